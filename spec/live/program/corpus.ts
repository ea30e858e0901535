/** The models of models/, exported by PyTorch with the numbers that it computes with them. */

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseSafetensorsMetadata, parseStateDict, type StateDict } from '../../../src/index.js';
import { openProgram } from '../../../src/program/archive/archive.js';
import { assemble, type Tree } from '../../../src/program/graph/tree.js';
import { SERVICES } from '../../../src/state-dict/parse.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import { openedFile } from '../../state-dict/support.js';

const PYTHON = process.env.TORCH_PYTHON ?? 'python3';
const SCRIPT = fileURLToPath(new URL('export_models.py', import.meta.url));

/** How programs are written: as torch.export does, with symbolic sizes, or decomposed. */
export type Variant = 'exported' | 'flexible' | 'decomposed';
export const VARIANTS: readonly Variant[] = ['exported', 'flexible', 'decomposed'];

/** Exports models into a folder; all where none is named. */
export async function exportModels(
  folder: string,
  variant: Variant,
  names: readonly string[],
): Promise<void> {
  const options = variant === 'exported' ? [] : [`--${variant}`];
  await promisify(execFile)(PYTHON, [SCRIPT, folder, ...names, ...options], { maxBuffer: 2 ** 26 });
}

/** A model of a folder, and what PyTorch computes with it. The names of the numbers stand in answers.py. */
export class ExportedModel {
  readonly bytes: Uint8Array;
  readonly numbers: StateDict;
  private readonly metadata: ReadonlyMap<string, string>;

  constructor(
    folder: string,
    readonly name: string,
  ) {
    const read = (extension: string) => new Uint8Array(readFileSync(join(folder, `${name}.${extension}`)));
    this.bytes = read('pt2');
    const numbers = read('safetensors');
    this.numbers = parseStateDict(numbers);
    this.metadata = parseSafetensorsMetadata(numbers);
  }

  /** Whether it is exported for training, draws random numbers, or has what a reader may refuse. */
  is(flag: 'train' | 'random' | 'refused'): boolean {
    return this.metadata.get(flag) === 'true';
  }

  /** How often and how fast `sgd.NAME` was trained. */
  get sgd(): { readonly steps: number; readonly rate: number } {
    return JSON.parse(this.metadata.get('sgd') as string);
  }

  /** Numbers whose names begin with a prefix, by the rest of their names. */
  named(prefix: string): StateDict {
    return new Map(
      [...this.numbers].flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    );
  }

  /** Arguments in torch's structure, of leaves by their place. */
  argumentsOf<T>(leaf: (place: number) => T): unknown[] {
    const { program } = runSync(openProgram(openedFile(this.bytes.length)), this.bytes, SERVICES);
    const { positional, keywords } = program.call;
    const values = JSON.parse(this.metadata.get('values') as string) as Record<string, T>;
    const leaves = Array.from({ length: count(positional) + count(keywords) }, (_, place) =>
      Object.hasOwn(values, place) ? values[place] : leaf(place),
    ).values();
    const args = assemble(positional, leaves) as unknown[];
    return count(keywords) > 0 ? [...args, assemble(keywords, leaves)] : args;
  }
}

function count(tree: Tree): number {
  return tree.kind === 'leaf' ? 1 : tree.items.reduce((sum, item) => sum + count(item), 0);
}

/** The names of the models in a folder. */
export function modelsIn(folder: string): string[] {
  const programs = readdirSync(folder).filter((name) => name.endsWith('.pt2'));
  return programs.map((name) => name.slice(0, -'.pt2'.length)).sort();
}
