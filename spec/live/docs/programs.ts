/** What the TypeScript blocks of a page become: modules, each of a block and those that it continues. */

import { type Block, blocksOf, type Page } from './pages.js';

/** `<!-- given { x } from "inputs" -->` above a block: values that it uses and does not make. */
const GIVEN = /^given (\{.*\}) from "([\w/-]+)"$/;
/** `<!-- continues -->`: the block stands in one module with the TypeScript block above it. */
const CONTINUES = 'continues';
/** `<!-- not run: reason -->`: the block is type-checked alone. */
const NOT_RUN = /^not run: \S/;

export interface Program {
  /** `README.md:42`, the page and line of its first block. */
  readonly title: string;
  /** Its file name, without an extension. */
  readonly name: string;
  readonly source: string;
  readonly section: string;
  readonly isRun: boolean;
  /** Whether it needs the types of Node. */
  readonly usesNode: boolean;
}

export function programsOf(page: Page): Program[] {
  const programs: Program[] = [];
  for (const block of blocksOf(page)) {
    if (block.language !== 'ts') continue;
    checkComments(block);
    const before = block.comments.includes(CONTINUES) ? programs.pop() : undefined;
    const source = `${before?.source ?? ''}${importsOf(block)}${block.code}\n`;
    programs.push({
      title: before?.title ?? `${block.page}:${block.line}`,
      name: before?.name ?? `${block.page.replace(/\W+/g, '-')}-${block.line}`,
      source,
      section: block.section,
      isRun: (before?.isRun ?? true) && !block.comments.some((comment) => NOT_RUN.test(comment)),
      usesNode: /from 'node:|\bprocess\./.test(source),
    });
  }
  return programs;
}

function importsOf({ comments }: Block): string {
  return comments
    .map((comment) => comment.replace(GIVEN, "import $1 from './given/$2.js';\n"))
    .filter((line) => line.startsWith('import'))
    .join('');
}

/** A misspelt comment would be without effect. */
function checkComments({ page, line, comments }: Block): void {
  for (const comment of comments)
    if (comment !== CONTINUES && !GIVEN.test(comment) && !NOT_RUN.test(comment))
      throw new Error(`${page}:${line}: the comment above the block is unknown: ${comment}`);
}
