import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { VERSION } from '../../../../src/kernels/host/runtime/find-native.js';
import { ABI } from '../../../../src/kernels/host/runtime/native.js';
import { described, ON_WEBASSEMBLY } from '../../../support/node/described.js';

const ROOT = new URL('../../../../', import.meta.url);
const NAME = 'tfjs-torch-rnn-native';

describe('findNative', function () {
  this.timeout(120_000);

  it('has the version of both packages', () => {
    for (const path of ['package.json', 'native/package.json'])
      expect(JSON.parse(readFileSync(new URL(path, ROOT), 'utf8')).version).to.equal(VERSION);
  });

  it('tells of a package with another version, once, and runs WebAssembly', () => {
    const { reason, warnings } = described(`{ version: '9.9.9' }`);
    const told = `${NAME} is version 9.9.9, and this package ${VERSION}: install the same version of both`;
    expect(reason).to.match(ON_WEBASSEMBLY).and.include(`; ${told}`);
    expect(warnings).to.deep.equal([`tfjs-torch-rnn: recurrent layers run in WebAssembly: ${told}`]);
  });

  it('tells of an addon with other structs', () => {
    const { reason } = described(`{ version: '${VERSION}', abi: [1] }`);
    expect(reason).to.match(/compiled from another source: install the same version of both$/);
  });

  it('goes on in WebAssembly where the native engine does not start, and tells why once', () => {
    const open = "() => { throw new Error('no room'); }";
    const { reason, warnings } = described(`{ version: '${VERSION}', abi: [${ABI}], open: ${open} }`);
    const told = 'the native engine does not start: no room';
    expect(reason).to.match(ON_WEBASSEMBLY).and.include(`; ${told}`);
    expect(warnings).to.deep.equal([`tfjs-torch-rnn: recurrent layers run in WebAssembly: ${told}`]);
  });

  it('is turned off by a variable, without a warning', () => {
    const { reason, warnings } = described(`{ version: '${VERSION}', sets: () => ['avx2'] }`, {
      env: { TFJS_TORCH_RNN_NATIVE: '0' },
    });
    expect(reason)
      .to.match(ON_WEBASSEMBLY)
      .and.match(/; TFJS_TORCH_RNN_NATIVE=0 turns the native engine off$/);
    expect(warnings).to.deep.equal([]);
  });

  it('tells of an addon that throws as it loads', () => {
    const { reason, warnings } = described(`(() => { throw new Error('invalid ELF header'); })()`);
    const told = `${NAME} does not load: invalid ELF header`;
    expect(reason).to.match(ON_WEBASSEMBLY).and.include(`; ${told}`);
    expect(warnings).to.deep.equal([`tfjs-torch-rnn: recurrent layers run in WebAssembly: ${told}`]);
  });
});
