/** Large programs take work that is linear in their size, to read, to plan and to run. `npm run soak` runs them with 100,000 of each. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { FormatError } from '../../../src/errors.js';
import { openProgram } from '../../../src/program/archive/archive.js';
import { TorchProgram } from '../../../src/program/index.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import { openedFile } from '../../state-dict/support.js';
import { countedWork } from '../../support/counted-work.js';
import { graph, type ProgramSpec, programBytes } from '../../support/program-files.js';
import { callLarge, inner, LARGE_PROGRAMS, type LargeProgram, registerLargeOps } from './large-programs.js';

/** The last doubling may take so many times as much as the one before, beside the two. */
const SLACK = 1.1;

interface Work {
  /** Of the reader of files. */
  readonly steps: number;
  /** Values that collections handed out, also in planning and running. */
  readonly values: number;
}

function workOf(program: LargeProgram): Work {
  const bytes = programBytes(program.spec);
  const file = openedFile(bytes.length);
  const values = countedWork(() => callLarge(program, runSync(openProgram(file), bytes)));
  return { steps: file.work.steps, values };
}

function expectLinear(works: readonly Work[], count: (work: Work) => number): void {
  const [a, b, c] = works.map(count) as [number, number, number];
  expect(c - b).to.be.at.most(2 * SLACK * (b - a));
}

describe('large programs', () => {
  before(async () => {
    await tf.setBackend('cpu');
    registerLargeOps();
  });

  for (const [what, make] of Object.entries(LARGE_PROGRAMS))
    it(`take work in proportion to their ${what}`, () => {
      const works = [50, 100, 200].map((count) => workOf(make(count)));
      expectLinear(works, ({ steps }) => steps);
      expectLinear(works, ({ values }) => values);
    });

  it('have arguments and results without a limit of the stack', () => {
    callLarge(...opened('arguments in a list', 150_000));
  });

  it('have as many inputs as a call of JavaScript may have', () => {
    const program = new TorchProgram({ graph: [], ties: [] }, opened('inputs', 1)[1]);
    // Each takes 8 bytes of a stack of a megabyte.
    expect(() => program.forward(...new Array(70_000))).to.throw(RangeError, 'arguments: expected 1');
  });

  it('have graphs in graphs, and no deeper than text may nest', () => {
    const nested = (depth: number): ProgramSpec => {
      const body = (level: number): object =>
        level === 0
          ? graph([['x', [2]]], [], ['x'])
          : graph([['x', [2]]], [inner('y', body(level - 1))], ['y']);
      return { inputs: [['x', [2]]], calls: [inner('z', body(depth))], outputs: ['z'] };
    };
    const read = (depth: number) => {
      const bytes = programBytes(nested(depth));
      return runSync(openProgram(openedFile(bytes.length)), bytes);
    };
    callLarge({ spec: nested(10) }, read(10));
    expect(() => read(40)).to.throw(FormatError, 'models/model.json');
  });
});

function opened(what: string, count: number): Parameters<typeof callLarge> {
  const program = (LARGE_PROGRAMS[what] as (count: number) => LargeProgram)(count);
  const bytes = programBytes(program.spec);
  return [program, runSync(openProgram(openedFile(bytes.length)), bytes)];
}
