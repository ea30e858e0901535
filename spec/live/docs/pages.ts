/** The pages of the documentation, and the code blocks in them. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Page {
  /** Path below the root: `docs/porting.md`. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly page: string;
  /** Of its first line of code, counted from 1. */
  readonly line: number;
  /** What stands behind the opening fence: `ts`, `python`, `sh`, ... */
  readonly language: string;
  readonly code: string;
  /** The HTML comments directly above the block, in order. */
  readonly comments: readonly string[];
  /** The anchor of the heading above it. */
  readonly section: string;
}

const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md'];

export function readPages(): Page[] {
  const docs = readdirSync(new URL('../../../docs', import.meta.url)).filter((name) => name.endsWith('.md'));
  return [...PAGES, ...docs.sort().map((name) => `docs/${name}`)].map((path) => ({
    path,
    text: readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'),
  }));
}

/** The anchor that GitHub and typedoc give a heading. */
export function anchorOf(title: string): string {
  const plain = title.replace(/[`*_]/g, '').trim().toLowerCase();
  return plain.replace(/[^\p{L}\p{N} -]/gu, '').replace(/ /g, '-');
}

export function blocksOf({ path, text }: Page): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let comments: string[] = [];
  let section = '';
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const fence = /^```(\w*)$/.exec(line);
    if (fence) {
      const end = lines.indexOf('```', i + 1);
      const code = lines.slice(i + 1, end).join('\n');
      blocks.push({ page: path, line: i + 2, language: fence[1] as string, code, comments, section });
      i = end;
      comments = [];
      continue;
    }
    const comment = /^<!-- (.*) -->$/.exec(line)?.[1];
    if (comment !== undefined) comments.push(comment);
    else if (line.trim() !== '') comments = [];
    const heading = /^#+ (.*)$/.exec(line)?.[1];
    if (heading !== undefined) section = anchorOf(heading);
  }
  return blocks;
}
