import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { libraryOf, targetsOf } from '../../../../scripts/tools/build-native/build.mjs';
import { inspect } from '../../../../scripts/tools/build-native/inspect.mjs';
import { TARGETS, targetHere } from '../../../../scripts/tools/build-native/targets.mjs';
import { skip } from '../../../support/skip.js';

const NAMES = Object.keys(TARGETS);

describe('targets of npm run build:native', () => {
  it('are that of this machine, those named, or all', () => {
    expect(targetsOf([])).to.deep.equal([targetHere()]);
    expect(targetsOf(['linux-arm64', 'win32-x64'])).to.deep.equal(['linux-arm64', 'win32-x64']);
    expect(targetsOf(['--all'])).to.deep.equal(NAMES);
  });

  it('are no others', () => {
    const told = `there is no native engine for linux-mips: expected one of ${NAMES.join(', ')}`;
    expect(() => targetsOf(['linux-x64', 'linux-mips'])).to.throw(told);
  });
});

describe('a library of the native engine', () => {
  /** What was built here for a target. */
  function built(context: Mocha.Context, target: string): Buffer {
    const path = libraryOf(target);
    if (process.env.CC)
      skip(context, "with CC the library is the system's compiler's, for this machine alone");
    if (!existsSync(path)) skip(context, `not built: npm run build:native -- ${target}`);
    return readFileSync(path);
  }

  /** The library with another text of the same length. */
  function changed(library: Buffer, from: string, to: string): Buffer {
    const at = library.indexOf(`\0${from}\0`);
    expect(at, from).to.be.greaterThan(0);
    return Buffer.concat([
      library.subarray(0, at + 1),
      Buffer.from(to),
      library.subarray(at + 1 + from.length),
    ]);
  }

  for (const target of NAMES)
    it(`for ${target} exports what Node calls, and imports what it and the system have`, function () {
      inspect(target, built(this, target));
    });

  for (const [target, of, told] of [
    ['linux-x64', 'linux-arm64', 'linux-arm64: processor: expected arm64, got x64'],
    ['linux-x64', 'linux-x64-musl', 'linux-x64-musl: C library: expected true, got false'],
    [
      'linux-x64',
      'darwin-x64',
      'darwin-x64: imports that Node-API 8 and the system lack: expected , got __tls_get_addr,',
    ],
    [
      'win32-x64',
      'linux-x64',
      'linux-x64: imports that Node-API 8 and the system lack: expected , got Sleep,',
    ],
  ] as const)
    it(`for ${target} is none for ${of}`, function () {
      const library = built(this, target);
      expect(() => inspect(of, library)).to.throw(told);
    });

  for (const [from, to, told] of [
    ['calloc', 'kalloc', 'imports that Node-API 8 and the system lack: expected , got kalloc'],
    [
      'napi_create_array',
      'napi_create_xrray',
      'imports that Node-API 8 and the system lack: expected , got napi_create_xrray',
    ],
    ['napi_register_module_v1', 'napi_register_module_v2', 'exports: expected napi_register_module_v1,'],
    ['GLIBC_2.17', 'GLIBC_2.34', 'imports of a later glibc than 2.17: expected , got GLIBC_2.34'],
    ['libpthread.so.0', 'libpthreae.so.0', 'libraries that a system lacks: expected , got libpthreae.so.0'],
  ] as const)
    it(`with ${to} is refused`, function () {
      const library = changed(built(this, 'linux-x64'), from, to);
      expect(() => inspect('linux-x64', library)).to.throw(`linux-x64: ${told}`);
    });

  it('is no text', () => {
    expect(() => inspect('linux-x64', Buffer.from('#!/bin/sh'))).to.throw('no shared library');
  });
});
