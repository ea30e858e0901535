/** Programs whose graphs, lists of tensors or trees are broken, in JSON that is well formed. */

import { type ProgramJson, programBytes } from '../../../support/program-files.js';
import type { Random } from '../../../support/random.js';
import type { Verdict } from '../judge.js';
import { judgeProgram } from '../judge-program.js';
import { changeElements, FILE_BREAKS, read, renamed, written } from './file-breaks.js';
import { GRAPH_BREAKS } from './graph-breaks.js';
import { textOf } from './parts.js';
import { randomProgram } from './sound.js';

const MODEL = 'models/model.json';
const WEIGHTS = 'data/weights/model_weights_config.json';
const CONSTANTS = 'data/constants/model_constants_config.json';

export class BrokenPrograms {
  make(random: Random): Uint8Array {
    return programBytes(randomProgram(random), (files) => {
      const [model, weights, constants] = [MODEL, WEIGHTS, CONSTANTS].map((name) =>
        read(files[name] as Uint8Array),
      ) as [ProgramJson, ProgramJson, ProgramJson];
      const documents = { model, weights, constants };
      while (random.chance(0.55))
        random.pick(random.chance(0.8) ? GRAPH_BREAKS : FILE_BREAKS)(documents, random);
      const texts = { [MODEL]: textOf(model), [WEIGHTS]: textOf(weights), [CONSTANTS]: textOf(constants) };
      const named = random.chance(0.2) ? renamed(texts, model, random) : texts;
      for (const [name, text] of Object.entries(named)) files[name] = written(text);
      if (random.chance(0.05)) changeElements(files, random);
    });
  }

  judge(bytes: Uint8Array): Promise<Verdict> {
    return judgeProgram(bytes);
  }

  remove(): void {}
}
