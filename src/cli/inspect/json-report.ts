import type { TensorDescription } from '../../state-dict/describe.js';
import { elementCount } from '../../state-dict/tensors/dtypes.js';
import { describeModule } from '../../torch/modules.js';
import type { Found } from './examine.js';

/** What `inspect --json` prints. Names are in lists of pairs or members, never keys: a name may be `__proto__`. */
export function jsonReport({ source, description, modules, weightless, code }: Found) {
  const { format, files, path, tensors, refused, metadata, warnings, unknownGlobals } = description;
  return {
    source,
    format,
    files,
    path,
    ...totalsOf(tensors),
    metadata: [...metadata].map(([key, value]) => ({ key, value })),
    tensors: [...tensors].map(([name, tensor]) => ({ name, ...tensor })),
    refused: [...refused].map(([name, reason]) => ({ name, reason })),
    modules: modules.map((module) => ({
      path: module.path,
      kind: module.kind,
      torch: describeModule(module),
      ...('args' in module && { args: module.args }),
      settings: Object.fromEntries(module.settings ?? []),
      tensors: [...module.shapes.keys()],
      derived: (module.derived ?? []).map(({ key, from, schemes }) => ({ key, from, schemes })),
      doubts: module.doubts,
      notes: module.notes ?? [],
    })),
    weightless: weightless.map(({ path: at, className, attributes }) => ({
      path: at,
      class: className,
      attributes: [...attributes].map(([name, value]) => ({ name, value })),
    })),
    warnings,
    unknownGlobals,
    code,
  };
}

export interface Totals {
  /** Elements and bytes of all tensors, those of tied ones once. */
  readonly elements: number;
  readonly bytes: number;
}

export function totalsOf(tensors: ReadonlyMap<string, TensorDescription>): Totals {
  let [elements, bytes] = [0, 0];
  for (const { shape, byteLength, sameAs } of tensors.values()) {
    if (sameAs !== undefined) continue;
    elements += elementCount(shape);
    bytes += byteLength;
  }
  return { elements, bytes };
}
