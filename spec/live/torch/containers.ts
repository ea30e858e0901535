/** Containers that the readers refuse: each says what to run, and Python has run it (oracle/containers.py). */

import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { readStateDict, type StateDict } from '../../../src/state-dict/index.js';
import { check } from '../command.js';
import type { Session } from './session.js';
import { expectSame } from './state-dicts.js';

interface Answer {
  readonly stateDict: StateDict;
  readonly containers: readonly { readonly path: string; readonly words: string; readonly made: string }[];
}

export function compareContainers(session: Session): void {
  check('the remedies for containers, followed in Python', session.again({ part: 'files' }), async () => {
    const folder = await mkdtemp(join(session.folder, 'containers-'));
    const { seed } = session;
    const answer = await session.oracle.ask<Answer>({ command: 'write_containers', seed, folder });
    for (const { path, words, made } of answer.containers) {
      const told = await readStateDict(path).then(
        () => 'a state_dict',
        (error: Error) => error.message,
      );
      if (!told.includes(words)) throw new Error(`${path}: expected ${words}, got ${told}`);
      await expectSame(await readStateDict(made), answer.stateDict);
    }
  });
}
