/** Writes docs/ops.md, the table of the ops that programs may have: `npx tsx scripts/tools/make-ops-page.ts`. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COPIES } from '../../src/program/ops/creation/copies.js';
import { CREATION } from '../../src/program/ops/creation/creation.js';
import { RANDOM } from '../../src/program/ops/creation/random.js';
import { WINDOWS } from '../../src/program/ops/creation/windows.js';
import { COUNTING } from '../../src/program/ops/indexing/counting.js';
import { INDEXING } from '../../src/program/ops/indexing/indexing.js';
import { SORTING } from '../../src/program/ops/indexing/sorting.js';
import { WRITING } from '../../src/program/ops/indexing/writing.js';
import { CONV } from '../../src/program/ops/linear/conv.js';
import { LINEAR } from '../../src/program/ops/linear/linear.js';
import { LOSSES } from '../../src/program/ops/losses/losses.js';
import { ATTENTION } from '../../src/program/ops/modules/attention.js';
import { NORM } from '../../src/program/ops/modules/norm.js';
import { RECURRENT } from '../../src/program/ops/modules/recurrent.js';
import { ACTIVATIONS } from '../../src/program/ops/pointwise/activations.js';
import { ARITHMETIC } from '../../src/program/ops/pointwise/arithmetic.js';
import { COMPARISONS } from '../../src/program/ops/pointwise/comparisons.js';
import { ELEMENTARY } from '../../src/program/ops/pointwise/elementary.js';
import { SPECIAL } from '../../src/program/ops/pointwise/special.js';
import { POOLING } from '../../src/program/ops/pooling/pooling.js';
import { REDUCTIONS } from '../../src/program/ops/reductions/reductions.js';
import { JOINING } from '../../src/program/ops/shapes/joining.js';
import { SHAPE } from '../../src/program/ops/shapes/shape.js';
import { FAMILIES } from '../../src/program/ops/table.js';

type Family = (typeof FAMILIES)[number];

const TITLES = new Map<Family, string>([
  [RECURRENT, 'Recurrent layers and cells'],
  [LINEAR, 'Products of matrices'],
  [CONV, 'Convolutions'],
  [POOLING, 'Pooling, padding, resizing'],
  [NORM, 'Norms'],
  [ATTENTION, 'Attention and embeddings'],
  [ACTIVATIONS, 'Activations'],
  [LOSSES, 'Losses'],
  [ARITHMETIC, 'Arithmetic'],
  [ELEMENTARY, 'Elementary functions'],
  [SPECIAL, 'Rarer functions of two tensors'],
  [COMPARISONS, 'Comparisons and logic'],
  [REDUCTIONS, 'Reductions'],
  [SHAPE, 'Shapes and views'],
  [JOINING, 'Joining and splitting'],
  [INDEXING, 'Reading by index'],
  [WRITING, 'Writing by index'],
  [SORTING, 'Sorting'],
  [COUNTING, 'Counting'],
  [CREATION, 'Creation'],
  [WINDOWS, 'Windows of signals'],
  [RANDOM, 'Random numbers and dropout'],
  [COPIES, 'Copies, casts and checks'],
]);

/** The families that the page shows, in its order; a family without a title stands at the end. */
function sections(): [string, string[]][] {
  const rest = FAMILIES.filter((family) => !TITLES.has(family));
  const titled = [...TITLES].filter(([family]) => FAMILIES.includes(family));
  return [...titled, ...rest.map((family): [Family, string] => [family, 'Others'])].map(([family, title]) => [
    title,
    Object.keys(family).sort(),
  ]);
}

export function opsPage(): string {
  const all = sections();
  const count = all.reduce((sum, [, signatures]) => sum + signatures.length, 0);
  const names = new Set(all.flatMap(([, signatures]) => signatures.map((text) => /^[\w:]+/.exec(text)?.[0])));
  const blocks = all.map(
    ([title, signatures]) => `## ${title}\n\n\`\`\`text\n${signatures.join('\n')}\n\`\`\`\n`,
  );
  return `---
title: Operators of programs
---

# Operators of programs

A [program](programs.md) may have these ${count} overloads of ${names.size} operators, in torch's own signatures. Forms that write into their first
argument (\`relu_\`, \`add_\`) run by the same entry where no other call sees the argument. An argument that is not supported is an error that
names it. This page is written from the code, by \`npx tsx scripts/tools/make-ops-page.ts\`.

${blocks.join('\n')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('../../docs/ops.md', import.meta.url), opsPage());
