/** Random layers and cells against those of torch.nn. */

import { subjectOf } from '../../support/parity.js';
import { onEachBackend } from './backends.js';
import { askTorch, type Module, randomCase } from './cases.js';
import { compareSubject, withPoisonedPadding } from './compare.js';
import type { Session } from './session.js';

/** Each case once through torch and through every backend; case i has the seed `seed + i`. */
export async function compareRandom(session: Session, module: Module, cases: number): Promise<void> {
  for (let i = 0; i < cases; i++) {
    const randomized = randomCase(module, session.seed + i);
    const fixture = withPoisonedPadding(await askTorch(session.oracle, randomized));
    const title = `${module} ${JSON.stringify(randomized)}`;
    await onEachBackend(session, { group: module, title, part: module, seed: randomized.seed }, (worst) => {
      const subject = subjectOf(fixture);
      try {
        compareSubject(fixture, subject, worst);
      } finally {
        subject.layer.dispose();
      }
    });
  }
}
