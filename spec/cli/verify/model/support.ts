import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { loadStateDict, type StateDict } from 'tfjs-torch-rnn';
import { cliFixture, type Told, tell } from '../../support.js';
import type { chosen } from './modules/chosen.js';

const MODULE = 'spec/cli/verify/model/modules/chosen.ts';

/** What scripts/fixtures/make_verify_ports.py wrote. */
export const answer = (name: string) => `${cliFixture('ports/answers.safetensors')}#${name}`;

/** What `verify --module` says of a model, of the weights of the ports unless another file is named. */
export async function verifyModelOf(
  make: typeof chosen.make,
  words: readonly string[],
  file = cliFixture('ports/weights.safetensors'),
): Promise<Told> {
  // By the URL that verify imports it from: else it is another instance of the module.
  const module = (await import(pathToFileURL(resolve(MODULE)).href)) as { chosen: typeof chosen };
  module.chosen.make = make;
  const told = await tell('verify', file, '--module', MODULE, ...words);
  tf.env().set('PROD', false);
  return told;
}

/** A model with the weights of the file. */
export function loaded<Model extends tf.LayersModel>(model: Model, stateDict: StateDict): Model {
  loadStateDict(model, stateDict);
  return model;
}
