/** The command line of the example. */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKENDS, type Backend, checkBackend } from '../support/backend.js';

const MODEL = fileURLToPath(new URL('model/g2p-en.safetensors', import.meta.url));

export const HELP = `Says how English words are pronounced, with the GRUs of PyPI's g2p-en 2.1.0.

Usage: npm run g2p:model     fetches the model: 3 MB from PyPI, with Python 3 and pip
       npm run g2p -- [--backend ${BACKENDS.join('|')}] [--model FILE] text ...
       npm run g2p -- [--backend ${BACKENDS.join('|')}] [--model FILE] [--all] [--torch]

Without a text it takes some words of its own, then 588 words of the CMU Pronouncing Dictionary, and
compares every answer with PyTorch's; it exits with 1 when one differs.

g2p-en itself spells numbers out, chooses among homographs and looks words up in the dictionary; its
model, which runs here, says those that are not there.

  --backend NAME  ${BACKENDS.join(', ')} (default: ${BACKENDS[0]}); tensorflow needs npm run setup:tfjs-node
  --model FILE    another place of g2p-en.safetensors
  --all           4,700 words of the dictionary
  --torch         asks PyTorch now, with the Python that TORCH_PYTHON names, instead of reading its stored answers
  --help          this text
`;

export interface Options {
  readonly backend: Backend;
  /** The path of the state_dict. */
  readonly model: string;
  readonly all: boolean;
  readonly torch: boolean;
  /** Nothing: compare with PyTorch. */
  readonly texts: readonly string[];
  readonly help: boolean;
}

/** @throws TypeError or RangeError saying what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals: texts } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string', default: BACKENDS[0] },
      model: { type: 'string', default: MODEL },
      all: { type: 'boolean', default: false },
      torch: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const { model, all, torch, help } = values;
  const [text] = texts;
  if (text !== undefined && (all || torch))
    throw new RangeError(
      `${all ? '--all' : '--torch'}: expected no text beside it, got ${JSON.stringify(text)}`,
    );
  return { backend: checkBackend(values.backend), model, all, torch, texts, help };
}
