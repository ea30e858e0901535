/** What a source holds, and the code that rebuilds it. Nothing here needs Node: examples/language-id/web shows it in a browser. */

import { type DescribeOptions, describeSource, type SourceDescription } from '../../state-dict/describe.js';
import type { StateDictSource } from '../../state-dict/sources/locate.js';
import type { RecognisedModule } from '../../torch/modules.js';
import { recogniseModules } from '../../torch/recognise.js';
import { type WeightlessModule, weightlessModules } from '../../torch/told/weightless.js';
import { rebuildingCode } from './code.js';

/** What `inspect` found. */
export interface Found {
  readonly source: string;
  readonly description: SourceDescription;
  readonly modules: readonly RecognisedModule[];
  /** Modules without weights, which the file of a whole module names alone. */
  readonly weightless: readonly WeightlessModule[];
  readonly code: string;
}

/**
 * Describes a source, recognises its modules and writes their code.
 *
 * @param caller  opens all messages.
 * @param name  of the source, in the code.
 * @throws what `describeSource` throws.
 */
export async function examine(
  caller: string,
  source: StateDictSource,
  name: string,
  options: DescribeOptions,
): Promise<Found> {
  const { path, select } = options;
  const description = await describeSource(caller, source, options);
  const { tensors, modules: facts, refused } = description;
  const modules = recogniseModules(tensors, facts);
  const ties = new Map<string, string>();
  for (const [tensor, { sameAs }] of tensors) if (sameAs !== undefined) ties.set(tensor, sameAs);
  const weightless = facts && weightlessModules(facts, tensors.keys());
  const code = rebuildingCode(modules, {
    source: name,
    path,
    select,
    refused: refused.keys(),
    ties,
    weightless,
  });
  return { source: name, description, modules, weightless: weightless ?? [], code };
}
