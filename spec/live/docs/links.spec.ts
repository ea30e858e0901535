import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { anchorOf, type Page, ROOT, readPages } from './pages.js';

const pages = readPages();

/** The page without its code, in which brackets are no links. */
function prose({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

function linksOf(page: Page): string[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
}

function anchorsOf({ text }: Page): string[] {
  const headings = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, title]) => anchorOf(title as string));
}

describe('the links of the documentation', () => {
  for (const page of pages)
    for (const link of linksOf(page)) {
      if (/^https?:/.test(link)) continue;
      it(`${page.path} → ${link}`, () => {
        const [file, anchor] = link.split('#') as [string, string?];
        const target = file === '' ? page.path : join(dirname(page.path), file);
        expect(existsSync(join(ROOT, target)), target).to.equal(true);
        if (anchor === undefined) return;
        const other = pages.find(({ path }) => path === target);
        expect(other && anchorsOf(other)).to.include(anchor);
      });
    }

  for (const page of pages)
    it(`${page.path} names files that exist`, () => {
      for (const [, path] of page.text.matchAll(/`((?:src|spec|scripts|examples)\/[\w./-]+)`/g))
        expect(existsSync(join(ROOT, path as string)), path).to.equal(true);
    });

  it('lead from the README to every page', () => {
    const readme = pages.find(({ path }) => path === 'README.md') as Page;
    const others = pages.map(({ path }) => path).filter((path) => path !== 'README.md');
    expect(linksOf(readme)).to.include.members(others);
  });
});
