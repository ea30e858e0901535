import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { expect, test } from 'vitest';
import { program } from '../program.mjs';

test('a model trains', async () => {
  const report = await program(tf, { describeKernels, gru, loadStateDict });
  expect(report.described?.lastRun).toBe('fused');
  writeFileSync('vitest.json', JSON.stringify(report));
});
