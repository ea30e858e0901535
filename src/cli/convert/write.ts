import { message, show } from '../../check.js';
import { tiesIn } from '../../state-dict/formats/safetensors/ties.js';
import { readFor } from '../../state-dict/read.js';
import { resolveLimits } from '../../state-dict/rules/limits.js';
import type { NodeFs } from '../../state-dict/sources/disk/node-fs.js';
import { hasSameValues } from '../../state-dict/tensors/check.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { writeAtomically } from '../../state-dict/write/file.js';
import { safetensorsPieces } from '../../state-dict/write/safetensors.js';
import { jsonPieces } from './json-file.js';

export const OUTPUT_FORMATS = ['safetensors', 'json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

const WHERE = 'convert';

/**
 * Writes a file, reads it back, compares the tensors, and only then moves it to its path.
 *
 * @returns how many bytes it has.
 * @throws Error where it cannot be written, or does not hold what was written.
 */
export async function writeVerified(
  fs: NodeFs,
  out: string,
  format: OutputFormat,
  stateDict: StateDict,
  metadata: ReadonlyMap<string, string> | undefined,
  { signal, force }: { readonly signal: AbortSignal; readonly force: boolean },
): Promise<number> {
  const pieces =
    format === 'json'
      ? jsonPieces(stateDict)
      : safetensorsPieces(stateDict, withoutTies(metadata, stateDict));
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const check = (temporary: string): Promise<void> => compareFile(temporary, format, stateDict, bytes);
  await writeAtomically(WHERE, fs, out, pieces, { signal, check, mustBeNew: !force });
  return bytes;
}

/**
 * Metadata without the ties of tensors that OUT does not hold: a part of a file of `save_model` would have them back, and where it
 * holds both names each has its own tensor.
 */
function withoutTies(
  metadata: ReadonlyMap<string, string> | undefined,
  stateDict: StateDict,
): ReadonlyMap<string, string> | undefined {
  if (metadata === undefined) return undefined;
  const ties = tiesIn(metadata, (name) => stateDict.has(name));
  return new Map([...metadata].filter(([name]) => !ties.has(name)));
}

async function compareFile(
  path: string,
  format: OutputFormat,
  stateDict: StateDict,
  bytes: number,
): Promise<void> {
  const limits = resolveLimits(WHERE, { maxBytes: Math.max(bytes, 1) });
  const written = await readFor(WHERE, path, { format, path: [], limits });
  const differs = [...stateDict].find(([name, tensor]) => {
    const found = written.get(name);
    return found === undefined || !hasSameValues(tensor, found);
  });
  if (differs === undefined && written.size === stateDict.size) return;
  const what = differs ? `tensor ${show(differs[0])}` : 'tensors';
  const remedy = 'OUT was left as it was. The disk or the memory of this machine may be faulty';
  throw new Error(message(WHERE, what, 'in OUT what was written', 'something else', remedy));
}
