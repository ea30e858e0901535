import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { program } from '../program.mjs';

test('a model trains', async () => {
  const report = await program(tf, { describeKernels, gru, loadStateDict });
  expect(report.described?.lastRun).toBe('fused');
  writeFileSync('jest.json', JSON.stringify(report));
});
