/** The models of models/, exported by PyTorch with the numbers that it computes with them. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSafetensorsMetadata, parseStateDict, type StateDict } from '../../../src/index.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { Oracle } from './oracle.js';

/** How programs are written: as torch.export does, with symbolic sizes, or decomposed. */
export type Variant = 'exported' | 'flexible' | 'decomposed';
export const VARIANTS: readonly Variant[] = ['exported', 'flexible', 'decomposed'];

/** A PyTorch that exports models into a folder of its own, one when it is asked for. */
export class Corpus {
  private readonly folder = mkdtempSync(join(tmpdir(), 'programs-'));
  private readonly oracle = new Oracle('export_models.py', [this.folder, '--requests']);

  /** All of them. */
  names(): Promise<string[]> {
    return this.oracle.ask({ list: true });
  }

  async model(name: string, variant: Variant): Promise<ExportedModel> {
    await this.oracle.ask({ model: name, variant });
    return new ExportedModel(this.folder, name);
  }

  close(): void {
    this.oracle.stop();
    rmSync(this.folder, { recursive: true });
  }
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

  /** The tensors of a result, by their places among its leaves: the file sorts them otherwise. */
  outputs(prefix: string): [place: string, tensor: TorchTensor][] {
    return [...this.named(`${prefix}output.`)].sort(([a], [b]) => Number(a) - Number(b));
  }

  /** Arguments in torch's structure, keyword arguments as one object at the end. `tensor` gives those of `input.N`. */
  argumentsOf<T>(tensor: (name: string) => T): unknown[] {
    const [args, keywords] = JSON.parse(this.metadata.get('call') as string, (_, value) =>
      isPlace(value) ? tensor(String(value.input)) : value,
    ) as [unknown[], object];
    return Object.keys(keywords).length > 0 ? [...args, keywords] : args;
  }
}

function isPlace(value: unknown): value is { readonly input: number } {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'input';
}
