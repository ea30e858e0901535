/** Random layers and cells against those of torch.nn. */

import { subjectOf } from '../../support/parity.js';
import { compareOnEachBackend } from './backends.js';
import { type Module, randomCase } from './cases.js';
import { compareSubject } from './compare.js';
import type { Session } from './session.js';

/** Each case once through torch and through every backend; case i has the seed `seed + i`. */
export function compareRandom(session: Session, module: Module, cases: number): void {
  for (let i = 0; i < cases; i++) {
    const randomized = randomCase(module, session.seed + i);
    const { seed } = randomized;
    const comparison = { group: module, title: JSON.stringify(randomized), part: module, seed };
    compareOnEachBackend(session, comparison, async (worst) => {
      const fixture = await session.ask(randomized);
      const subject = subjectOf(fixture);
      try {
        await compareSubject(fixture, subject, worst);
      } finally {
        subject.layer.dispose();
      }
    });
  }
}
