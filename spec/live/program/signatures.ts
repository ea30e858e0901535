/** Signatures of the table against torch's own. */

import { parseSignature } from '../../../src/program/ops/calls/schema.js';
import { FAMILIES } from '../../../src/program/ops/table.js';
import { Oracle } from './oracle.js';

/** Declares a test that every signature is written as torch writes it. */
export function compareSignatures(): void {
  const oracle = new Oracle('schemas.py');
  after(() => oracle.stop());
  it('signatures are those of torch', async () => {
    const texts = new Map(FAMILIES.flatMap(Object.keys).map((text) => [parseSignature(text).target, text]));
    const schemas = await oracle.ask<Record<string, string | null>>({ targets: [...texts.keys()] });
    const different = [...texts].filter(([target, text]) => schemas[target] !== text);
    const list = different.map(([target, text]) => `  ${text}\n  torch: ${schemas[target]}`);
    if (list.length > 0) throw new Error(`${list.length} differ:\n${list.join('\n')}`);
  });
}
