/** Settings that the file of a whole module tells, against those of the layer that is loaded. */

import { show } from '../check.js';
import type { AttributeValue } from '../state-dict/module-facts.js';
import type { LayerSetting } from './torch-module.js';

/**
 * A sentence on each setting that the file tells otherwise than the layer has it.
 *
 * @param layer  as the sentence names it: `layer "rnn"`.
 * @param told  the settings of its module in the file, by torch's names.
 */
export function settingWarnings(
  layer: string,
  settings: readonly LayerSetting[],
  told: ReadonlyMap<string, AttributeValue>,
): string[] {
  return settings.flatMap(({ argument, torchName, value }) => {
    const inFile = told.get(torchName);
    // Of another kind it cannot be compared, and may be no setting of torch's.
    if (inFile === undefined || kindOf(inFile) !== kindOf(value) || `${inFile}` === `${value}`) return [];
    return [
      `${layer}: ${argument} is ${show(value)}, where the file has ${torchName}=${show(inFile)}. ` +
        `Pass ${argument}: ${show(inFile)} to compute what the module does.`,
    ];
  });
}

function kindOf(value: AttributeValue): string {
  return Array.isArray(value) ? `${value.length} numbers` : typeof value;
}
