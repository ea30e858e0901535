/** Modules with random arguments that PyTorch saved as they are: the code that `inspect` prints computes what they do. */

import { join } from 'node:path';
import { inspected, layerErrors } from '../../cli/inspect/generated.js';
import { FORWARD_TOLERANCE } from '../../support/tolerance.js';
import { check } from '../command.js';
import type { Session } from './session.js';

export function compareWholeModules(session: Session): void {
  check('code of whole modules', session.again({ part: 'files' }), async () => {
    const [path, answers] = ['whole.pt', 'answers.safetensors'].map((name) => join(session.folder, name));
    const request = { command: 'write_whole_modules', seed: session.seed, path, answers };
    const { names } = await session.oracle.ask<{ readonly names: readonly string[] }>(request);
    const { modules, code } = await inspected(path as string);
    const open = modules.flatMap(({ path: at, doubts, notes = [] }) =>
      // What no layer here has is told, and changes no output in evaluation.
      [...doubts, ...notes.filter((note) => !note.startsWith('momentum=None'))].map(
        (text) => `${at}: ${text}`,
      ),
    );
    if (open.length > 0) throw new Error(`open: ${open.join('; ')}`);
    const errors = await layerErrors(code, answers as string);
    for (const name of names)
      if (!(Number(errors.get(name)) < FORWARD_TOLERANCE))
        throw new Error(`${name}: ${errors.get(name) ?? 'no layer'}`);
  });
}
