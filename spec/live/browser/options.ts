import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readNames } from '../../../scripts/support/options.js';
import { BROWSERS } from './drivers.js';
import { ROOT } from './specs.js';

export interface Options {
  /** By browser its backends. */
  readonly pages: ReadonlyMap<string, readonly string[]>;
  /** A regular expression that titles must match. */
  readonly grep: string;
  /** Below the root; all specs where none is named. */
  readonly specs: readonly string[];
  /** Those among them that are named themselves, not their folder. */
  readonly named: readonly string[];
}

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      browser: { type: 'string', default: Object.keys(BROWSERS).join(',') },
      backends: { type: 'string', default: 'cpu,wasm,wasm-threads,webgl,webgpu' },
      grep: { type: 'string', default: '' },
    },
  });
  const all = Object.values(BROWSERS).flatMap(({ backends }) => backends);
  const wanted = readNames('--backends', values.backends, [...new Set(all)]);
  const names = readNames('--browser', values.browser, Object.keys(BROWSERS));
  const pages = names.map((name): [string, string[]] => {
    const { backends = [] } = BROWSERS[name] ?? {};
    return [name, backends.filter((backend) => wanted.includes(backend))];
  });
  const places = positionals.length > 0 ? positionals : ['spec'];
  return {
    pages: new Map(pages.filter(([, backends]) => backends.length > 0)),
    grep: values.grep,
    specs: places.flatMap(specsIn),
    named: places.filter((place) => place.endsWith('.ts')).flatMap(specsIn),
  };
}

/** The specs of a file or folder, without those that need an environment of their own. */
function specsIn(path: string): string[] {
  const below = relative(ROOT, resolve(path));
  if (!statSync(join(ROOT, below)).isDirectory()) return [below];
  return readdirSync(join(ROOT, below), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => join(below, name))
    .filter((name) => !name.startsWith(join('spec', 'live')))
    .sort();
}
