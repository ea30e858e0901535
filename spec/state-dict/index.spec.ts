import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as stateDict from '../../src/state-dict/index.js';

describe('tfjs-torch-rnn/state-dict', () => {
  it('exports these names', () => {
    expect(Object.keys(stateDict).sort()).to.deep.equal([
      'FormatError',
      'UnsupportedError',
      'parseSafetensorsMetadata',
      'parseStateDict',
      'readStateDict',
      'saveSafetensors',
      'toFloat32Array',
      'writeSafetensors',
    ]);
  });

  it('imports nothing but its own files, errors and checks', () => {
    const folder = new URL('../../src/state-dict/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files).to.include('index.ts');
    for (const name of files) {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const depth = name.split(/[\\/]/).length - 1;
      const outside = '../'.repeat(depth + 1);
      for (const [, module] of text.matchAll(/from '([^']+)'/g)) {
        const isOutside = module.startsWith(outside);
        expect(module, name).to.match(
          isOutside ? /\/(errors|check)\.js$/ : /^(\.\/|(\.\.\/)+)[a-z0-9/-]+\.js$/,
        );
      }
    }
  });
});
