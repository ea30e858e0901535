import { expect } from 'chai';
import { parseOptions } from '../../../examples/language-id/web/tools/options.js';

describe('examples/language-id: the command of the page', () => {
  it('serves on the port of Vite and opens the browser, unless told otherwise', () => {
    const served = { port: 5173, open: true, build: false, out: undefined, help: false };
    expect(parseOptions([])).to.deep.equal(served);
    expect(parseOptions(['--no-open', '--port', '0'])).to.deep.equal({ ...served, port: 0, open: false });
  });

  it('builds into a folder', () => {
    expect(parseOptions(['--build', '--out', 'site/demo'])).to.include({ build: true, out: 'site/demo' });
  });

  it('rejects a port that is none, a folder without --build, and unknown options', () => {
    expect(() => parseOptions(['--port', 'x'])).to.throw(RangeError, '--port: expected 0 to 65535, got "x"');
    expect(() => parseOptions(['--port', '65536'])).to.throw(RangeError, '--port: expected 0 to 65535');
    expect(() => parseOptions(['--out', 'x'])).to.throw(
      RangeError,
      '--out: expected --build beside it, got none',
    );
    expect(() => parseOptions(['--host'])).to.throw(TypeError, "Unknown option '--host'");
  });
});
