// Other runtimes than Node, and runners of tests.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../../../../scripts/support/child-process.mjs';
import { projectWithTools, projectWithToolsAndNative } from '../support/projects.js';
import { expectTorchsTraining, type Training } from '../support/training.js';

const LIMIT_MS = 5 * 60_000;

const RUNNERS = [
  ['vitest', ['run', 'runners/trains.vitest'], {}],
  ['jest', ['--rootDir', '.', 'runners/trains.jest'], { NODE_OPTIONS: '--experimental-vm-modules' }],
] as const;

/** Runs the program of a package that is installed beside the project. */
async function runTool(
  folder: string,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const command = join(folder, '../../node_modules/.bin', name);
  const { ok, stdout, output } = await run(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    limitMs: LIMIT_MS,
  });
  if (!ok) throw new Error(output);
  return stdout;
}

describe('other runtimes and runners', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectWithTools());
  });

  for (const [name, args] of [
    ['bun', ['runtime.mjs']],
    ['deno', ['run', '--allow-read', '--allow-env', '--node-modules-dir=manual', 'runtime.mjs']],
  ] as const)
    it(`${name}: a model trains on the engine`, async () => {
      const printed = await runTool(folder, name, args);
      expectTorchsTraining(JSON.parse(printed.trim().split('\n').at(-1) as string));
    });

  for (const [name, args, env] of RUNNERS)
    it(`${name}: a test trains a model on the engine`, async () => {
      await runTool(folder, name, args, env);
      expectTorchsTraining(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')));
    });
});

describe('runners, with the native engine', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectWithToolsAndNative());
  });

  for (const [name, args, env] of RUNNERS)
    it(`${name}: a test trains a model on it`, async () => {
      await runTool(folder, name, args, env);
      const training: Training = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
      expectTorchsTraining(training);
      expect(training.described.reason).to.match(/, natively, /);
    });
});
