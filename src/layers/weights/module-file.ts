/** The part of a state_dict that belongs to one module. */

import { show } from '../../check.js';
import { byNearness } from '../../matching/hints/natural-order.js';
import type { Undetermined } from '../../matching/reparametrised/derive.js';
import { withDerived } from '../../matching/reparametrised/with-derived.js';
import { modulesWith, type Selection, selectKeys } from '../../matching/select-keys.js';
import { joinPath } from '../../state-dict/keys.js';
import { checkTensor } from '../../state-dict/tensors/check.js';
import { float32Of } from '../../state-dict/tensors/float32.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import type { ModuleShapes } from '../../torch/layer-args.js';
import { overflowWarnings } from './warnings.js';

/** The entries of one module, by their names without its path. */
export class ModuleFile implements ModuleShapes {
  private readonly selection: Selection;
  /** About the values that were read so far. */
  readonly warnings: string[] = [];
  /** With the weights that the file stores as other tensors, in place of those. */
  private readonly stateDict: StateDict;
  /** Weights that the file has in other tensors, of which they cannot be computed. */
  readonly undetermined: ReadonlyMap<string, Undetermined>;

  constructor(
    private readonly where: string,
    file: StateDict,
    prefix: string,
  ) {
    const { stateDict, derived, undetermined } = withDerived(where, file);
    this.undetermined = undetermined;
    this.stateDict = new Map(stateDict);
    for (const { from } of derived.values()) for (const part of from) this.stateDict.delete(part);
    this.selection = selectKeys([...this.stateDict.keys()], [], { prefix, stripPrefix: false });
  }

  get names(): string[] {
    return [...this.selection.keys.keys()];
  }

  /** The modules that hold all these names, the nearest to this one first. */
  modulesWith(names: readonly string[]) {
    const paths = byNearness(modulesWith(this.stateDict.keys(), names), this.selection.path);
    return paths.map((path) => ({
      path,
      shape: (name: string) => this.stateDict.get(joinPath(path, name))?.shape,
    }));
  }

  /** The key in the file, whether present or not. */
  key(name: string): string {
    const { keys, path } = this.selection;
    return keys.get(name) ?? joinPath(path, name);
  }

  shape(name: string): readonly number[] | undefined {
    const tensor = this.stateDict.get(this.key(name));
    if (tensor === undefined) return undefined;
    checkTensor(this.where, this.key(name), tensor);
    return tensor.shape;
  }

  /** A copy of the values: the tensor's array may be a view of the whole file. */
  values(name: string): Float32Array {
    const tensor = this.stateDict.get(this.key(name));
    if (tensor === undefined) throw new Error(`${this.where}: no tensor ${show(this.key(name))}`);
    const values = float32Of(this.where, `tensor ${show(this.key(name))}`, tensor).slice();
    this.warnings.push(...overflowWarnings(this.key(name), tensor, values));
    return values;
  }
}
