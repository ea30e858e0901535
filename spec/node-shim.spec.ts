import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import util from 'node:util';
import vm from 'node:vm';
import { expect } from 'chai';
import ts from 'typescript';
import { NO_TFJS_NODE, skip } from './support/skip.js';

const SHIM = new URL('../src/node-shim.ts', import.meta.url);
const ADDON = new URL('../node_modules/@tensorflow/tfjs-node/lib/', import.meta.url);

/** Runs a module in a new process in which Node has no `util.isNullOrUndefined` and `util.isArray`, as from Node 23 on. */
function runWithoutRemovedFunctions(source: string) {
  const remove = `
    import util from 'node:util';
    delete util.isNullOrUndefined;
    delete util.isArray;`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', remove + source];
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  return spawnSync(process.execPath, args, { cwd: new URL('..', import.meta.url), encoding: 'utf8', env });
}

describe('node-shim', () => {
  it('adds the functions of node:util that are not there', () => {
    const { stdout, stderr } = runWithoutRemovedFunctions(`
      await import('./src/node-shim.ts');
      const { isArray, isNullOrUndefined } = util;
      console.log(JSON.stringify([[[], {}].map(isArray), [null, undefined, 0, ''].map(isNullOrUndefined)]));`);
    expect(stdout, stderr).to.equal('[[true,false],[true,true,false,false]]\n');
  });

  it('leaves functions that are there alone', async () => {
    const before = { ...util };
    await import('../src/node-shim.js');
    const added = Object.keys(util).filter((name) => !(name in before));
    for (const name of Object.keys(before)) {
      expect(Reflect.get(util, name), name).to.equal(Reflect.get(before, name));
    }
    expect(['isArray', 'isNullOrUndefined']).to.include.members(added);
  });

  it('does nothing where there is no process, as in a browser', () => {
    const { outputText } = ts.transpileModule(readFileSync(SHIM, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const globals = { exports: {} };
    vm.runInNewContext(outputText, globals);
    expect(Object.keys(globals)).to.deep.equal(['exports']);
  });

  describe('with tfjs-node', function () {
    this.timeout(60_000);
    // topk is here for its own use of the removed functions, beside the backend's.
    const useBackend = `
      const tf = (await import('@tensorflow/tfjs-node')).default;
      const { values } = tf.topk(tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 5, 4], [6, 8, 9]])), 2);
      console.log(tf.getBackend(), Array.from(values.dataSync()).join());`;

    before(function () {
      const required = process.env.REQUIRE_BACKENDS?.split(',').includes('tensorflow') ?? false;
      if (!existsSync(ADDON) && !required) skip(this, NO_TFJS_NODE);
      expect(existsSync(ADDON), 'tfjs-node is required: npm run setup:tfjs-node').to.equal(true);
    });

    it('lets the tensorflow backend compute without the removed functions', () => {
      const { stdout, stderr } = runWithoutRemovedFunctions(
        `await import('./src/node-shim.ts');${useBackend}`,
      );
      expect(stdout, stderr).to.equal('tensorflow 22,21\n');
    });

    it('is what makes the difference', () => {
      const { status, stderr } = runWithoutRemovedFunctions(useBackend);
      expect(status).to.equal(1);
      expect(stderr).to.contain('isNullOrUndefined) is not a function');
    });
  });
});
