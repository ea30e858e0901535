import { parseSafetensorsMetadata, parseStateDict, type StateDict } from '../../../src/index.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';

/** A program, and what PyTorch computes with it. The names of the numbers stand in answers.py. */
export class ExportedModel {
  readonly numbers: StateDict;
  private readonly metadata: ReadonlyMap<string, string>;

  constructor(
    readonly bytes: Uint8Array,
    numbers: Uint8Array,
  ) {
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
