import { expect } from 'chai';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { ReadReport } from '../../src/state-dict/report.js';
import { collectWarnings } from '../support/warnings.js';
import { errorOf, expectSameBits, fixture, utf8 } from './support.js';

const FILE = fixture('reference/module.safetensors');
const CHECKPOINT = utf8(
  '{"epoch":3,"ema":{"shadow":{"fc.weight":[[9]]}},"net":{"enc":{"gru":{"w":[1,2]},"fc":{"w":[3]}},"n":"x"}}',
);

describe('readCheckpoint', () => {
  const names = (options: object) => [...parseStateDict(CHECKPOINT, options).keys()];

  it('chooses by path, flattens below it, and selects in the names that come of it', () => {
    expect(names({ path: ['ema'] })).to.deep.equal(['shadow.fc.weight']);
    expect(names({ path: ['ema', 'shadow'] })).to.deep.equal(['fc.weight']);
    expect(names({ path: ['net', 'enc'] })).to.deep.equal(['gru.w', 'fc.w']);
    expect(names({ path: ['net'], select: ['enc.fc'] })).to.deep.equal(['enc.fc.w']);
  });

  it('refuses a value that is not a tensor only where it is selected', () => {
    expect(errorOf(() => names({ path: ['net'] })).message).to.match(/^json: tensor "n": expected numbers/);
    expect(names({ path: ['net'], select: ['enc'] })).to.deep.equal(['enc.gru.w', 'enc.fc.w']);
  });

  it('lists what to choose from', () => {
    expect(errorOf(() => names({})).message).to.equal(
      'parseStateDict: file: expected one dict with tensors, got several: ["ema"], ["net"]. ' +
        'Pass one of them as path, or [] for all with longer names',
    );
  });

  it('selects tensors of a safetensors file, which stay views of it', () => {
    const all = parseStateDict(FILE);
    const stateDict = parseStateDict(FILE, { select: ['weight_hh_l0', 'bias_ih_l0'] });
    expectSameBits(
      stateDict,
      new Map([...all].filter(([name]) => ['weight_hh_l0', 'bias_ih_l0'].includes(name))),
    );
    for (const { data } of stateDict.values()) expect(data.buffer).to.equal(FILE.buffer);
  });

  it('reports once what was taken', () => {
    const reports: ReadReport[] = [];
    const onReport = (report: ReadReport) => reports.push(report);
    parseStateDict(CHECKPOINT, { path: ['net'], select: ['enc.gru'], onReport });
    parseStateDict(FILE, { onReport });
    const nothing = { warnings: [], unknownGlobals: [] };
    const metadata = new Map([['format', 'pt']]);
    expect(reports).to.deep.equal([
      { format: 'json', path: ['net'], tensors: 1, ...nothing },
      { format: 'safetensors', path: [], tensors: parseStateDict(FILE).size, metadata, ...nothing },
    ]);
    expect(() => parseStateDict(CHECKPOINT, { onReport: () => expect.fail('called') })).to.throw('several');
  });

  describe('tells the console of tensors that may be weights and were left out', () => {
    const LOST = utf8('{"encoder": {"w": [[1]]}, "scaler": {"mean": [0]}, "epoch": 3}');
    const warned = collectWarnings();

    it('once, unless a report is taken', () => {
      parseStateDict(LOST);
      expect(warned).to.deep.equal([
        'parseStateDict: Left out beside ["encoder"]: dict "scaler". ' +
          'path: ["scaler"] reads the dict, path: [] reads all, with longer names.',
      ]);
      let warnings: readonly string[] = [];
      parseStateDict(LOST, {
        onReport: (report) => {
          warnings = report.warnings;
        },
      });
      expect([warned.length, warnings.length]).to.deep.equal([1, 1]);
    });

    it('and never of settings', () => {
      parseStateDict(utf8('{"encoder": {"w": [[1]]}, "epoch": 3}'));
      parseStateDict(LOST, { path: ['encoder'] });
      expect(warned).to.deep.equal([]);
    });
  });
});
