/** python/torch_rnn_export.py against PyTorch: the cases of oracle/export_script, in a Python of their own. */

import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PYTHON } from './oracle.js';

const CASES = fileURLToPath(new URL('./oracle/export_script', import.meta.url));

/** A line of what the cases print: `error` is null where a case passes. */
interface Outcome {
  readonly title: string;
  readonly error: string | null;
}

export function compareExportScript(): void {
  const titles: readonly string[] = JSON.parse(execFileSync(PYTHON, [CASES, 'list'], { encoding: 'utf8' }));
  let errors: ReadonlyMap<string, string | null>;

  before(async () => {
    const { stdout } = await promisify(execFile)(PYTHON, [CASES, 'run'], { maxBuffer: 1 << 26 });
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line): Outcome => JSON.parse(line));
    errors = new Map(outcomes.map(({ title, error }) => [title, error]));
  });

  for (const title of titles)
    it(title, () => {
      const error = errors.get(title);
      if (error !== null) throw new Error(error ?? 'the case has not run');
    });
}
