import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { VERSION } from '../../../../src/kernels/host/runtime/find-native.js';
import { ABI } from '../../../../src/kernels/host/runtime/native.js';

const ROOT = new URL('../../../../', import.meta.url);
const NAME = 'tfjs-torch-rnn-native';
const ON_WEBASSEMBLY =
  /^the engine runs whole sequences in WebAssembly SIMD, on (one thread|up to \d+ threads)/;

/** What a new process says of the engine. @param addon a script that leaves the addon where it is looked for. */
function described(addon: string, env: Record<string, string> = {}): { reason: string; warnings: string[] } {
  const script = `
    const warnings = [];
    console.warn = (line) => warnings.push(line);
    globalThis[Symbol.for('${NAME}')] = ${addon};
    const tf = await import('@tensorflow/tfjs');
    const { describeKernels } = await import('./src/index.ts');
    await tf.setBackend('cpu');
    const { reason } = describeKernels().find(({ backend }) => backend === 'cpu');
    describeKernels();
    console.log(JSON.stringify({ reason, warnings: warnings.filter((line) => line.startsWith('tfjs-torch-rnn')) }));
  `;
  const { TFJS_TORCH_RNN_NATIVE: _, ...own } = process.env;
  const out = execFileSync(process.execPath, ['--import=tsx', '--input-type=module', '--eval', script], {
    cwd: fileURLToPath(ROOT),
    env: { ...own, ...env },
    encoding: 'utf8',
  });
  return JSON.parse(out.trim().split('\n').at(-1) as string);
}

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
      TFJS_TORCH_RNN_NATIVE: '0',
    });
    expect(reason)
      .to.match(ON_WEBASSEMBLY)
      .and.match(/; TFJS_TORCH_RNN_NATIVE=0 turns the native engine off$/);
    expect(warnings).to.deep.equal([]);
  });
});
