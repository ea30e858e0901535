import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/errors.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import { readStateDict } from '../../../../src/state-dict/read.js';
import { writeSafetensors } from '../../../../src/state-dict/write/safetensors.js';
import { errorOf, rejectionOf, utf8 } from '../../support.js';
import { torchFile } from '../torch/support.js';
import { writeZip } from '../zip/support.js';

const WEIGHTS = writeSafetensors(new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]));

interface TarEntry {
  readonly name: string;
  readonly data?: Uint8Array;
  readonly type?: string;
  /** In place of the field with its size. */
  readonly size?: string;
}

/** A tar archive with the fields that are read. */
function tar(...entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ name, data = new Uint8Array(0), type = '0', size }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100, 'latin1');
    header.write(size ?? data.length.toString(8).padStart(11, '0'), 124, 'latin1');
    header.write(' '.repeat(8), 148, 'latin1');
    header.write(type, 156, 'latin1');
    header.write('ustar\x0000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function messageOf(bytes: Uint8Array): string {
  const error = errorOf(() => parseStateDict(bytes));
  expect(error).to.be.instanceOf(UnsupportedError);
  return error.message.replace(/^.*?, got /, '');
}

describe('tar archives', () => {
  const NEMO = tar(
    { name: './', type: '5' },
    { name: './model_config.yaml', data: utf8('a: 1') },
    { name: './model_weights.safetensors', data: WEIGHTS },
  );

  it('are listed, and the file to read is named, packed with gzip too', () => {
    const expected =
      'a tar archive of 2 entries: "./model_config.yaml", "./model_weights.safetensors". ' +
      'Unpack it (tar -xf), and read "./model_weights.safetensors"';
    expect(messageOf(NEMO)).to.equal(expected);
    expect(messageOf(new Uint8Array(gzipSync(NEMO)))).to.equal(expected);
    expect(messageOf(tar({ name: 'a.pt' }, { name: 'b/c.ckpt' }))).to.equal(
      'a tar archive of 2 entries: "a.pt", "b/c.ckpt". Unpack it (tar -xf), and read one of "a.pt", "b/c.ckpt"',
    );
    expect(messageOf(tar({ name: 'readme' }))).to.equal(
      'a tar archive of 1 entry: "readme". Unpack it (tar -xf), and read the file with the weights',
    );
  });

  it('have sizes of 8 GiB and more, and names in UTF-8', () => {
    const size = `\x80${'\0'.repeat(10)}\x03`;
    expect(
      messageOf(tar({ name: 'модель.pt', data: Uint8Array.of(1, 2, 3), size }, { name: 'b' })),
    ).to.contain('of 2 entries: "модель.pt", "b"');
    const large = `\x80${'\0'.repeat(6)}\x02\0\0\0\0`;
    expect(messageOf(tar({ name: 'a.pt', size: large }))).to.contain('of 1 entry: "a.pt"');
  });

  it('are listed up to a size that is none', () => {
    const binary = (first: string): string => first + '\xff'.repeat(11);
    for (const size of ['-1000', '-77777777777', 'x', binary('\xff'), binary('\x80')])
      for (const type of ['0', 'L', 'x'])
        expect(messageOf(tar({ name: 'a.pt' }, { name: 'b', size, type })), size).to.contain('"a.pt"');
    expect(messageOf(tar({ name: 'b', size: '-1000' }))).to.equal(
      'a tar archive of no entries. Unpack it (tar -xf), and read the file with the weights',
    );
  });

  it('hold the file that the message names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tar-'));
    try {
      writeFileSync(join(folder, 'model.nemo'), NEMO);
      execFileSync('tar', ['-xf', 'model.nemo'], { cwd: folder });
      expect([...(await readStateDict(join(folder, './model_weights.safetensors'))).keys()]).to.deep.equal([
        'w',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('have long names, of GNU tar and of pax', () => {
    const long = `${'x'.repeat(20)}/`.repeat(3);
    const gnu = tar({ name: '././@LongLink', type: 'L', data: utf8(`${long}w.pt\0`) }, { name: 'cut' });
    const pax = tar({ name: 'PaxHeader', type: 'x', data: utf8(`90 path=${long}w.pt\n`) }, { name: 'cut' });
    for (const archive of [gnu, pax]) expect(messageOf(archive)).to.include(`of 1 entry: "${long}w.pt"`);
  });

  it('of torch.save before 0.1.10 are told by their entries, and nobody is told to run what is in them', () => {
    const names = ['sys_info', 'storages', 'tensors', 'pickle'];
    expect(messageOf(tar(...names.map((name) => ({ name }))))).to.equal(
      'a tar archive, as torch.save wrote before version 0.1.10. ' +
        'torch reads it by running what is in it, so ask its author for a state_dict that is saved anew',
    );
    expect(messageOf(tar({ name: 'pickle' }))).to.include('a tar archive of 1 entry');
  });

  it('that are cut short, damaged or endless are listed as far as they go', () => {
    expect(messageOf(NEMO.subarray(0, 512))).to.include('of no entries');
    expect(messageOf(NEMO.subarray(0, 1300))).to.include('of 1 entry: "./model_config.yaml"');
    const broken = NEMO.slice();
    broken.set(utf8('\x80\xff\xff'), 512 + 124);
    expect(messageOf(broken)).to.include('of no entries');
    expect(messageOf(tar(...Array.from({ length: 500 }, (_, i) => ({ name: `${i}` }))))).to.include(
      'of 64 entries',
    );
  });
});

describe('zip archives of other writers', () => {
  const zip = (...names: string[]) => writeZip(names.map((name) => ({ name, data: utf8('x') }))).bytes;

  it('are listed, and the file to read is named', () => {
    expect(messageOf(zip('model/weights.pth', 'readme.md'))).to.equal(
      'a zip archive of 2 entries: "model/weights.pth", "readme.md". Unpack it (unzip), and read "model/weights.pth"',
    );
  });

  it('of Keras are to be converted', () => {
    expect(messageOf(zip('metadata.json', 'config.json', 'model.weights.h5'))).to.equal(
      'a Keras model. Convert it (tensorflowjs_converter --input_format=keras_keras --output_format=tfjs_layers_model model.keras web/), ' +
        'and load web/model.json by loadKerasModel of tfjs-torch-rnn/keras',
    );
  });

  it('of a file of torch.save without its folder are told so', () => {
    expect(messageOf(zip('data.pkl', 'version', 'data/0'))).to.match(
      /^what torch.save writes, without its folder\. /,
    );
  });

  it('one behind the other are refused: of all but the last nothing would be said', () => {
    const one = torchFile('tensor.pt');
    expect(messageOf(Uint8Array.from([...one, ...one]))).to.equal(
      'the beginning of another before it. If torch.distributed.checkpoint wrote it, make one file of its folder: ' +
        'python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt',
    );
  });
});

describe('folders', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'folder-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('of an unpacked file of torch.save say how to pack it', async () => {
    const path = join(folder, 'model');
    mkdirSync(join(path, 'data'), { recursive: true });
    for (const name of ['data.pkl', 'version', 'data/0']) writeFileSync(join(path, name), '');
    for (const given of [path, `${path}/`])
      expect((await rejectionOf(readStateDict(given))).message).to.include(
        'It is an unpacked file of torch.save: pack it in Python, ' +
          `shutil.make_archive("model", "zip", ${JSON.stringify(folder)}, "model"), and read model.zip`,
      );
  });

  it('of torch.distributed.checkpoint say how to make one file', async () => {
    writeFileSync(join(folder, '.metadata'), '');
    expect((await rejectionOf(readStateDict(folder))).message).to.include(
      'If torch.distributed.checkpoint wrote it, make one file of it: ' +
        `python -m torch.distributed.checkpoint.format_utils dcp_to_torch ${JSON.stringify(folder)} model.pt`,
    );
  });
});
