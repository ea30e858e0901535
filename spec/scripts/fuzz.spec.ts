import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { ROOT, runNode, TSX } from '../cli/support.js';
import { Campaign, FORMAT_NAMES } from '../live/fuzz/campaign.js';
import { judge, judgeOtherWays } from '../live/fuzz/judge.js';
import { readOptions } from '../live/fuzz/options.js';
import { errorOf, rejectionOf } from '../state-dict/support.js';

const W: TorchTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) };
const SOUND = writeSafetensors(new Map([['a.w', W]]));

function tensors(tensor: TorchTensor): StateDict {
  return new Map([['a.w', tensor]]);
}

describe('fuzz', () => {
  for (const format of FORMAT_NAMES) {
    it(`makes files of ${format} that are refused or sound, the same ones of a seed`, async () => {
      const campaign = new Campaign(1, format);
      try {
        for (let i = 0; i < 300; i++) await campaign.judge(i);
        expect(campaign.verdicts.get('read') ?? 0).to.be.within(1, 299);
        for (const index of [0, 7]) {
          const again = new Campaign(1, format);
          expect(again.make(index).bytes).to.deep.equal(campaign.make(index).bytes);
          again.end();
        }
      } finally {
        campaign.end();
      }
    });
  }

  describe('judge', () => {
    it('passes what is read as it was written, and every documented error', () => {
      expect(judge({ bytes: SOUND, expected: tensors(W) })).to.equal('read');
      expect(judge({ bytes: SOUND.subarray(0, 20) })).to.equal('TRUNCATED');
      expect(judge({ bytes: new Uint8Array(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')) })).to.equal(
        'unsupported',
      );
      const two = Buffer.from('{"epoch": 1, "a": {"w": [1.5]}, "b": {"w": [1.5]}}');
      expect(judge({ bytes: new Uint8Array(two) })).to.equal('unclear');
    });

    it('does not pass errors of the engine, broken tensors, or others than were written', () => {
      const faults: [string, () => StateDict][] = [
        ['Invalid typed array length: -1', () => new Float32Array(-1) as never],
        ['Maximum call stack size exceeded', () => parseDeep()],
        ['x', () => throwIt(new TypeError('x'))],
        ['expected 12 bytes for F32 [3]', () => tensors({ ...W, shape: [3] })],
        ['other tensors were read than were written', () => tensors({ ...W, data: Float32Array.of(1, 3) })],
        [
          '16777220 bytes were taken',
          () => tensors({ dtype: 'F32', shape: [4194305], data: new Float32Array(4194305) }),
        ],
      ];
      for (const [message, parse] of faults) {
        const input = { bytes: SOUND, expected: tensors(W) };
        expect(errorOf(() => judge(input, parse)).message).to.include(message);
      }
    });

    it('does not pass a file that is another when it is read in another way', async () => {
      expect((await rejectionOf(judgeOtherWays({ bytes: SOUND }, 'INVALID_SYNTAX'))).message).to.equal(
        'parseStateDict: INVALID_SYNTAX, readStateDict: read',
      );
      await judgeOtherWays({ bytes: SOUND }, 'read');
      await judgeOtherWays({ bytes: SOUND.subarray(0, 20) }, 'TRUNCATED');
    });
  });

  it('reads its command line', () => {
    expect(readOptions(['--seed', '3'])).to.deep.equal({ seed: 3, formats: FORMAT_NAMES, count: 100_000 });
    expect(readOptions(['--minutes', '0.5', '--seed', '3', '--format', 'npz'])).to.include({ minutes: 0.5 });
    for (const [words, message] of [
      [['--format', 'zip'], '--format: expected one of safetensors,'],
      [['--input', '3'], '--input: expected one --format'],
      [['--format', 'npz', '--keep', 'x'], '--keep: expected --input'],
      [['--count', 'many'], '--count: expected an integer in 0..999999999, got "many"'],
    ] as const) {
      expect(errorOf(() => readOptions(words)).message).to.include(message);
    }
  });

  it('runs one input again, and keeps it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
    try {
      const kept = join(folder, 'kept');
      const script = fileURLToPath(new URL('../live/run.ts', import.meta.url));
      const words = ['--format', 'npz', '--seed', '2', '--input', '12', '--keep', kept];
      const { code, stdout } = await runNode(['--import', TSX, script, 'fuzz', ...words], ROOT);
      expect(code, stdout).to.equal(0);
      expect(stdout).to.include('1 passed, 0 failed');
      expect(new Uint8Array(readFileSync(kept))).to.deep.equal(
        new Uint8Array(new Campaign(2, 'npz').make(12).bytes),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function throwIt(error: Error): never {
  throw error;
}

function parseDeep(): StateDict {
  return parseDeep() ?? parseStateDict(SOUND);
}
