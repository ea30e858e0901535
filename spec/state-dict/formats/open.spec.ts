import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { FORMATS, openCheckpoint } from '../../../src/state-dict/formats/open.js';
import { SERVICES } from '../../../src/state-dict/parse.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import type { ByteRange } from '../../../src/state-dict/reading/reading.js';
import { errorOf, fixture, utf8 } from '../support.js';
import { opened } from './zip/support.js';

describe('openCheckpoint', () => {
  it('opens each format by its first bytes, or as the given format', () => {
    for (const [bytes, format] of [
      [fixture('vectors/01_ok'), 'safetensors'],
      [utf8('{"a":[1]}'), 'json'],
    ] as const) {
      for (const told of [undefined, format]) {
        const checkpoint = runSync(openCheckpoint(opened(bytes), told), bytes, SERVICES);
        expect([checkpoint.format, [...checkpoint.root.keys()][0]]).to.deep.equal([format, 'a']);
      }
      expect(FORMATS).to.include(format);
    }
  });

  it('names a format that is not read', () => {
    const bytes = utf8('<html>');
    const error = errorOf(() => runSync(openCheckpoint(opened(bytes)), bytes, SERVICES));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.match(/^file: format: expected one of tensors \(.*\), got an HTML or XML page/);
  });

  it('reads a safetensors file no further than its header', () => {
    const bytes = fixture('reference/module.safetensors');
    const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
    const asked: ByteRange[] = [];
    const reading = openCheckpoint(opened(bytes), 'safetensors');
    let step = reading.next();
    while (!step.done) {
      const ranges = step.value.kind === 'read' ? step.value.ranges : [];
      asked.push(...ranges);
      step = reading.next(ranges.map(({ begin, end }) => bytes.subarray(begin, end)));
    }
    expect(asked).to.deep.equal([
      { begin: 0, end: 8 },
      { begin: 8, end: headerEnd },
    ]);
  });
});
