import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { saveSafetensors } from '../../../src/state-dict/write/file.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';

/** A state_dict of one tensor whose elements are all the same. */
function filled(value: number): StateDict {
  const data = new Uint8Array(300_000).fill(value);
  return new Map([['w', { dtype: 'U8', shape: [data.length], data }]]);
}

describe('writers of one file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'writers-'));
    path = join(folder, 'model.safetensors');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A process that saves to the path and stops when half of the bytes are written. */
  async function halfWritten(): Promise<ChildProcess> {
    const program = fileURLToPath(new URL('./interrupted-save.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  it('at once all end with a whole file of one of them, and leave nothing else', async () => {
    await Promise.all([1, 2, 3, 4].map((value) => saveSafetensors(path, filled(value))));
    const { data } = parseStateDict(new Uint8Array(readFileSync(path))).get('w')!;
    expect(new Set(data as Uint8Array).size).to.equal(1);
    expect(readdirSync(folder)).to.deep.equal(['model.safetensors']);
  });

  it('do not wait for one that is killed or hangs, whatever its process id was', async () => {
    const [killed, hanging] = [await halfWritten(), await halfWritten()];
    await kill(killed);
    const left = readdirSync(folder);
    expect(left).to.have.length(2);
    for (const name of left) expect(name).to.match(/^tfjs-torch-rnn-[0-9a-f-]{36}\.tmp$/);
    await saveSafetensors(path, filled(7));
    await kill(hanging);
    expect(new Uint8Array(readFileSync(path))).to.deep.equal(writeSafetensors(filled(7)));
    expect(readdirSync(folder).sort()).to.deep.equal(['model.safetensors', ...left.sort()]);
  });
});
