import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/errors.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { ReadReport } from '../../src/state-dict/report.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { errorOf, expectSameBits } from './support.js';

const FOLDER = new URL('../fixtures/found-files/', import.meta.url);

function found(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, FOLDER)));
}

function readWithReport(name: string, options: object = {}): { stateDict: StateDict; report: ReadReport } {
  let report: ReadReport | undefined;
  const stateDict = parseStateDict(found(name), {
    ...options,
    onReport: (made) => {
      report = made;
    },
  });
  return { stateDict, report: report as ReadReport };
}

/** What Python says that files hold, and the names of those files. */
function expectations(folder: string): { files: readonly string[]; expected: StateDict }[] {
  return readdirSync(new URL(folder, FOLDER))
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => {
      const { stateDict, report } = readWithReport(`${folder}/${name}`);
      const list = (key: string): string[] => report.metadata?.get(key)?.split('\n') ?? [];
      const expected = new Map(list('order').map((key) => [key, stateDict.get(key) as TorchTensor]));
      return { files: list('files').map((file) => `${folder}/${file}`), expected };
    });
}

for (const [folder, title] of [
  ['modules', 'whole modules: the state_dict, in its order, without the class'],
  ['pickles', 'what pickle.dump writes, in every protocol'],
  ['numpy', "NumPy's arrays and scalars, in pickles, torch files and numpy.save"],
] as const) {
  describe(title, () => {
    for (const { files, expected } of expectations(folder))
      for (const file of files)
        it(file, () => {
          expectSameBits(readWithReport(file).stateDict, expected);
        });
  });
}

describe('reports of whole modules', () => {
  const NAMES =
    'The code of classes, such as forward, is not read. Names are those of state_dict(), unless a class changes them, which the file does not tell.';

  it('name the class, and no path or source of the author', () => {
    for (const name of ['net.pt', 'net_old.pt', 'net.pkl']) {
      const { report } = readWithReport(`modules/${name}`);
      expect(report.path).to.deep.equal([]);
      expect(report.warnings).to.deep.equal([
        `Read as data: a whole module of class my_project.Net. ${NAMES}`,
      ]);
    }
  });

  it('say where the module is, and what was left beside it', () => {
    const { report } = readWithReport('modules/training.pt');
    expect(report.path).to.deep.equal(['net']);
    expect(report.warnings).to.deep.equal([
      `Read as data: a whole module of class my_project.Net at "net". ${NAMES}`,
      'Left out beside ["net"], as settings or the state of a training: object "optimizer".',
    ]);
  });

  it('take a module as a whole, whatever it holds', () => {
    expect(readWithReport('modules/parallel.pt').report.path).to.deep.equal(['model']);
  });

  it('are errors where the state is known to the class alone', () => {
    const error = errorOf(() => parseStateDict(found('modules/own.pt')));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'torch: file: expected a state_dict, got what my_project.Own.make makes. ' +
        'In Python, where that class is defined: torch.save(model.state_dict(), "state_dict.pt")',
    );
  });
});

describe('formats of pickles', () => {
  it('are called pickle, and torch where torch.save wrote them', () => {
    expect(readWithReport('pickles/state_dict2.pkl').report.format).to.equal('pickle');
    expect(readWithReport('pickles/lists.pt').report.format).to.equal('torch');
  });

  it('are read up to the end of the first pickle, and the rest is told', () => {
    const bytes = found('pickles/state_dict2.pkl');
    let warnings: readonly string[] = [];
    parseStateDict(Uint8Array.from([...bytes, ...bytes]), {
      onReport: (report) => {
        warnings = report.warnings;
      },
    });
    expect(warnings).to.deep.equal([
      `Left out, as pickle.load does: ${bytes.length} bytes behind the first pickle of the file.`,
    ]);
  });

  it('share the tensors that Python shares', () => {
    const { stateDict } = readWithReport('pickles/pair4.pkl');
    expect(stateDict.get('again')?.data).to.equal(stateDict.get('w')?.data);
  });
});

describe('an array of Python objects without numbers', () => {
  it('is refused with a remedy', () => {
    expect(errorOf(() => parseStateDict(found('numpy/settings.npy'))).message).to.include(
      'an array of Python objects. In Python, save numpy.array(x.tolist(), dtype="float32"), ' +
        'or of a dict d of arrays numpy.savez("w.npz", **d), in its place',
    );
  });
});

describe('models of quantize_dynamic', () => {
  for (const name of readdirSync(new URL('quantised', FOLDER))) {
    const module = /^lstmcell/.test(name)
      ? 'cell'
      : /^linear/.test(name)
        ? 'fc'
        : name.slice(0, name.search('_'));
    it(`${name}: are told as what they are`, () => {
      const error = errorOf(() => parseStateDict(found(`quantised/${name}`)));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.equal(
        `torch: module "${module}": expected one with plain weights, got one of a model of quantize_dynamic. ` +
          'Save the state_dict of the float model, before it is quantised: ' +
          'torch.save(model.state_dict(), "state_dict.pt")',
      );
    });
    it(`${name}: give the modules that are not quantised`, () => {
      const other = module === 'gru' ? 'lstm' : 'gru';
      const { stateDict } = readWithReport(`quantised/${name}`, { select: [other] });
      expect(stateDict.get(`${other}.weight_hh_l0`)?.shape).to.deep.equal([other === 'gru' ? 6 : 8, 2]);
    });
  }
});
