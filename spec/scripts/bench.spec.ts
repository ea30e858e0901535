import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type BenchCase, makeNumbers, selectCases, swapOuter, weightsOf } from '../../scripts/bench/cases.js';
import { barChart } from '../../scripts/bench/chart.js';
import { largestError } from '../../scripts/bench/check.js';
import { KINDS } from '../../scripts/bench/contestants.js';
import { type Competitor, measureCase } from '../../scripts/bench/measure.js';
import { readOptions } from '../../scripts/bench/options.js';
import type { Request } from '../../scripts/bench/protocol.js';
import { ratioChart } from '../../scripts/bench/ratio-chart.js';
import { caseText, digits, growthText, overallText, ratioText, table } from '../../scripts/bench/report.js';
import { type CaseResult, type Row, toResult } from '../../scripts/bench/results.js';
import { geometricMean, quantile, summarize, summarizeRatio } from '../../scripts/bench/stats.js';
import { type StateDict, writeSafetensors } from '../../src/state-dict/index.js';

const SMALL: BenchCase = {
  name: 'small',
  cell: 'gru',
  mode: 'forward',
  inputSize: 3,
  hiddenSize: 2,
  layers: 2,
  directions: 2,
  batch: 4,
  steps: 5,
};

function results(values: Readonly<Record<string, readonly number[]>>): StateDict {
  return new Map(
    Object.entries(values).map(([name, list]) => [
      name,
      { dtype: 'F32', shape: [list.length], data: Float32Array.from(list) },
    ]),
  );
}

describe('bench: statistics', () => {
  it('take quantiles between the values in order, as numpy does by default', () => {
    const values = [40, 10, 20, 30];
    expect([0, 0.1, 0.5, 0.9, 1].map((q) => quantile(values, q))).to.deep.equal([10, 13, 25, 37, 40]);
    expect(values).to.deep.equal([40, 10, 20, 30]);
  });

  it('are of one value that value, and of none a RangeError', () => {
    expect(summarize([7])).to.deep.equal({ median: 7, p10: 7, p90: 7, count: 1 });
    expect(() => summarize([])).to.throw(RangeError, 'quantile: expected at least one value, got none');
  });

  it('compare turn by turn, so that a slow minute of the machine cancels out', () => {
    const ours = [[1, 1, 1], [10]];
    const other = [[2], [20, 19, 21]];
    expect(summarizeRatio(other, ours)).to.deep.equal({ median: 2, p10: 2, p90: 2, count: 2 });
  });

  it('leave out turns that only one of both had', () => {
    expect(summarizeRatio([[3], [9]], [[1]]).count).to.equal(1);
  });

  it('average ratios by their product: twice and half as fast are as fast', () => {
    expect(geometricMean([2, 0.5])).to.be.closeTo(1, 1e-12);
    expect(geometricMean([1, 2, 4])).to.be.closeTo(2, 1e-12);
  });
});

describe('bench: cases', () => {
  it('are by default all shapes of GRU and some of the others', () => {
    const names = (cells: readonly ('gru' | 'lstm' | 'rnn')[], shapes?: readonly string[]) =>
      selectCases({ cells, modes: ['forward'], shapes }).map(({ cell, name }) => `${cell} ${name}`);
    expect(names(['gru'])).to.have.lengthOf(7);
    expect(names(['lstm'])).to.deep.equal(['lstm seed', 'lstm b1', 'lstm tiny']);
    expect(names(['gru', 'rnn'], ['deep'])).to.deep.equal(['gru deep', 'rnn deep']);
  });

  it('have numbers under torch names with torch shapes, the same every time', () => {
    const numbers = makeNumbers({ ...SMALL, cell: 'lstm', mode: 'training' });
    const shapes = Object.fromEntries([...numbers].map(([name, { shape }]) => [name, shape]));
    expect(shapes).to.deep.include({
      x: [5, 4, 3],
      h0: [4, 4, 2],
      c0: [4, 4, 2],
      dy: [5, 4, 4],
      weight_ih_l0: [8, 3],
      weight_ih_l1_reverse: [8, 4],
      weight_hh_l1: [8, 2],
      bias_hh_l0_reverse: [8],
    });
    expect(weightsOf(numbers).size).to.equal(16);
    expect(makeNumbers({ ...SMALL, cell: 'lstm', mode: 'training' })).to.deep.equal(numbers);
  });

  it('swap the outer axes of a sequence', () => {
    expect([...swapOuter(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 2, 3, 2)]).to.deep.equal([
      1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12,
    ]);
  });
});

describe('bench: the check of results', () => {
  it('takes rounding, and tells the largest difference', () => {
    expect(largestError('forward', results({ output: [1, 2] }), results({ output: [1, 2] }))).to.equal(0);
    const error = largestError(
      'forward',
      results({ output: [1, 0.5], hn: [0] }),
      results({ output: [1, 0.5], hn: [2e-6] }),
    );
    expect(error).to.be.closeTo(2e-6, 1e-12);
  });

  it('refuses what is wrong, missing or not a number, by name', () => {
    const compare = (values: Readonly<Record<string, readonly number[]>>) => () =>
      largestError('forward', results(values), results({ output: [1], hn: [2] }));
    expect(compare({ output: [1], hn: [2.1] })).to.throw('hn: expected a difference of at most 0.00001');
    expect(compare({ output: [1], hn: [Number.NaN] })).to.throw('hn: expected a difference');
    expect(compare({ output: [1] })).to.throw('hn: expected a result, got none');
    expect(compare({ output: [1, 1], hn: [2] })).to.throw('output: expected 1 values, got 2');
  });

  it('measures gradients by the largest of their tensor', () => {
    const expected = results({ weight_ih_l0: [1000, 1] });
    expect(largestError('training', results({ weight_ih_l0: [1000, 1.05] }), expected)).to.be.below(1e-4);
    expect(() => largestError('training', results({ weight_ih_l0: [1000, 1.5] }), expected)).to.throw(
      'weight_ih_l0: expected a difference of at most 0.0001',
    );
  });
});

describe('bench: the turns', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-spec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Answers at once, writes `output`, and notes what it was asked. */
  function fake(peer: string, log: string[], output: number, milliseconds = 1): Competitor {
    const kind = KINDS.find(({ name }) => name === peer);
    if (!kind) throw new Error(peer);
    return {
      kind,
      threads: 1,
      takesPartIn: () => true,
      ask: async <T>(request: Request) => {
        log.push(`${request.command} ${peer}`);
        if (request.command === 'results')
          writeFileSync(request.file, writeSafetensors(results({ output: [output] })));
        return (request.command === 'measure' ? { times: [milliseconds], cpu: milliseconds } : {}) as T;
      },
    };
  }

  const options = () => ({ rounds: 2, blockMs: 1, firstWarmMs: 1, budgetMs: 1000, folder });

  it('prepare and check all before anything is timed, then time them one after the other', async () => {
    const log: string[] = [];
    const outcomes = await measureCase(
      SMALL,
      [fake('ours', log, 1), fake('tf-layers', log, 5), fake('torch', log, 1)],
      options(),
    );
    const turn = ['measure ours', 'measure tf-layers', 'measure torch'];
    expect(log).to.deep.equal([
      'prepare ours',
      'prepare tf-layers',
      'prepare torch',
      // The others are checked against PyTorch; tf.layers computes another GRU.
      'results torch',
      'results ours',
      ...turn,
      ...turn,
      ...turn,
    ]);
    expect(outcomes.map(({ rounds }) => rounds.length)).to.deep.equal([2, 2, 2]);
  });

  it('leave out what computes something wrong', async () => {
    const log: string[] = [];
    const outcomes = await measureCase(SMALL, [fake('ours', log, 1.1), fake('torch', log, 1)], options());
    expect(log).not.to.include('measure ours');
    const row = toResult(SMALL, false, outcomes).rows[0];
    expect(outcomes[0]?.isWrong).to.equal(true);
    expect(row?.fault).to.match(/^output: expected a difference of at most 0.00001, got 0.1/);
    expect(row).not.to.have.property('times');
  });

  it('end early for what has used up its time', async () => {
    const slow = await measureCase(SMALL, [fake('ours', [], 1, 900)], options());
    expect(slow[0]?.rounds).to.have.lengthOf(1);
  });

  it('give times in units of ours with as many threads', async () => {
    const outcomes = await measureCase(SMALL, [fake('ours', [], 1, 2), fake('torch', [], 1, 5)], options());
    const result = toResult(SMALL, false, outcomes);
    expect(result.rows.map(({ ratio }) => ratio?.median)).to.deep.equal([undefined, 2.5]);
    expect(caseText(result)).to.match(/^GRU small forward: I 3, H 2, L 2, D 2, B 4, T 5\n/);
  });

  it('say where all were measured beside a busy process', async () => {
    const outcomes = await measureCase(SMALL, [fake('ours', [], 1, 2), fake('torch', [], 1, 5)], options());
    const result = toResult(SMALL, true, outcomes);
    expect(result).to.deep.include({ isBusy: true });
    expect(caseText(result)).to.match(/^GRU small forward, beside one busy process: I 3, /);
    expect(ratioText([result], 'gru', 'forward')).to.match(/ as many threads, beside one busy process\n/);
    expect(overallText([result])).to.match(/ as many threads, beside one busy process\n/);
    expect(ratioChart([result], 'cpu')).to.contain('tfjs-torch-rnn, backend cpu, beside one busy process');
  });
});

describe('bench: the ratios', () => {
  const row = (title: string, peer: string, threads: number, ratio?: number): Row => ({
    peer,
    title,
    threads,
    ...(ratio === undefined ? {} : { ratio: { median: ratio, p10: ratio, p90: ratio, count: 1 } }),
  });
  const ours = row('tfjs-torch-rnn', 'ours', 1);
  const result = (difference: Partial<BenchCase>, ...rows: Row[]): CaseResult => ({
    case: { ...SMALL, ...difference },
    isBusy: false,
    rows: [ours, ...rows],
  });
  const torch = (threads: number, ratio: number) => row('PyTorch', 'torch', threads, ratio);
  const ofCells = [
    result({ name: 'seed' }, torch(1, 2), torch(2, 3), row('tf.layers.gru', 'tf-layers', 1, 8)),
    result({ name: 'cls' }, torch(1, 0.5), { ...row('PyTorch', 'torch', 2), fault: 'gone' }),
    result({ name: 'seed', cell: 'lstm' }, torch(1, 1), row('tf.layers.lstm', 'tf-layers', 1, 2)),
    result({ name: 'seed', mode: 'training' }, torch(1, 5), { ...row('ort', 'ort-web', 1), fault: 'gone' }),
  ];

  it('stand in a row for each peer and number of threads, with their geometric mean and the least', () => {
    expect(ratioText(ofCells, 'gru', 'forward')?.split('\n')).to.deep.equal([
      'GRU forward, time in units of tfjs-torch-rnn with as many threads',
      '                         seed  cls  geometric mean  least',
      'PyTorch, 1 thread           2  0.5               1    0.5',
      'PyTorch, 2 threads          3    -               3      3',
      'tf.layers.gru, 1 thread     8                    8      8',
    ]);
    expect(ratioText(ofCells, 'rnn', 'forward')).to.equal(undefined);
  });

  it('have a line for each peer, mode and number of threads over all cells and shapes', () => {
    expect(overallText(ofCells)?.split('\n')).to.deep.equal([
      'All cells and shapes, time in units of tfjs-torch-rnn with as many threads',
      'PyTorch, forward, 1 thread: geometric mean 1, least 0.5 (GRU cls)',
      'PyTorch, forward, 2 threads: geometric mean 3, least 3 (GRU seed)',
      'tf.layers.gru/tf.layers.lstm, forward, 1 thread: geometric mean 4, least 2 (LSTM seed)',
      'PyTorch, training, 1 thread: geometric mean 5, least 5 (GRU seed)',
    ]);
    expect(overallText([result({})])).to.equal(undefined);
  });
});

describe('bench: tables', () => {
  it('have the first column to the left and the others to the right', () => {
    expect(
      table([
        ['', 'ms'],
        ['long name', '1'],
        ['b', '12.5'],
      ]),
    ).to.equal('             ms\nlong name     1\nb          12.5');
  });

  it('have three digits, and no exponents', () => {
    expect([0.001234, 1.5, 12.345, 123.45, 12345.6].map(digits)).to.deep.equal([
      '0.00123',
      '1.5',
      '12.3',
      '123',
      '12346',
    ]);
  });

  it('show growth as cost of a unit, relative to the longest', () => {
    const points = [
      { size: 10, milliseconds: 2 },
      { size: 20, milliseconds: 2 },
    ];
    expect(growthText({ what: 'T', mode: 'forward', points }).split('\n').at(-1)).to.equal(
      'of the last    2    1',
    );
  });
});

describe('bench: the chart', () => {
  const chart = barChart({
    title: 'a < b',
    groups: [
      { label: 'one', note: 'H 1', bars: [{ label: 'PyTorch', value: 0.5 }] },
      {
        label: 'two',
        bars: [
          { label: 'tf.layers', value: 100 },
          { label: 'PyTorch', value: 10 },
        ],
      },
    ],
  });

  /** x and width of every bar, without the squares of the legend. */
  const bars = [
    ...chart.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)" height="8" fill="(#\w+)"/g),
  ].map(([, x, width, color]) => ({ from: Number(x), to: Number(x) + Number(width), color }));

  it('draws a bar to each side of 1, as long as its logarithm', () => {
    const [half, hundred, ten] = bars as [(typeof bars)[0], (typeof bars)[0], (typeof bars)[0]];
    expect(half.to).to.be.closeTo(hundred.from, 1e-6);
    expect(ten.from).to.equal(hundred.from);
    expect((hundred.to - hundred.from) / (ten.to - ten.from)).to.be.closeTo(2, 0.01);
    expect((half.to - half.from) / (ten.to - ten.from)).to.be.closeTo(Math.log10(2), 0.01);
  });

  it('gives a label one color', () => {
    expect(bars[0]?.color).to.equal(bars[2]?.color).and.not.to.equal(bars[1]?.color);
  });

  it('goes on in a new line of the legend where one is full, and the bars begin below it', () => {
    const labels = Array.from({ length: 12 }, (_, i) => `peer number ${i}`);
    const wide = barChart({
      title: '',
      groups: [{ label: 'one', bars: labels.map((label) => ({ label, value: 2 })) }],
    });
    const squares = [...wide.matchAll(/<rect x="(\d+)" y="(\d+)" width="9"/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    expect(squares).to.have.length(12);
    for (const [x] of squares) expect(x).to.be.within(136, 640 - 26 - 6 * 14);
    const lowest = Math.max(...squares.map(([, y]) => y as number));
    expect(lowest).to.be.above(28);
    const firstBar = Number(wide.match(/y="(\d+)" width="[\d.]+" height="8"/)?.[1]);
    expect(firstBar).to.be.above(lowest + 9);
  });

  it('is well-formed and small', () => {
    expect(chart).to.match(/^<svg [^>]+>\n[\s\S]+<\/svg>\n$/);
    expect(chart).to.contain('a &lt; b').and.not.to.contain('a < b');
    expect(chart.match(/<text/g)?.length).to.equal(chart.match(/<\/text>/g)?.length);
    expect(chart.length).to.be.below(3000);
  });
});

describe('bench: the command line', () => {
  it('has defaults, and always this package itself', () => {
    expect(readOptions([])).to.deep.include({
      backend: 'wasm',
      threads: [1, 2],
      rounds: 7,
      shapes: undefined,
    });
    expect(readOptions(['--peers', 'torch']).peers).to.deep.equal(['ours', 'torch']);
    expect(readOptions(['--quick']).rounds).to.equal(2);
    expect(readOptions([]).isBusy).to.equal(false);
    expect(readOptions(['--busy']).isBusy).to.equal(true);
  });

  it('refuses what it does not know, by the name of the option', () => {
    for (const [args, text] of [
      [['--backend', 'webgl'], '--backend: expected one of wasm,cpu,tensorflow, got "webgl"'],
      [['--cases', 'seed,sed'], '--cases: expected one of seed,b1,cls,deep,tiny,stream,large, got "sed"'],
      [['--threads', '0'], '--threads: expected an integer in 1..9999, got "0"'],
      [['--runs', 'many'], '--runs: expected an integer in 1..9999, got "many"'],
    ] as const)
      expect(() => readOptions(args), args.join(' ')).to.throw(RangeError, text);
    expect(() => readOptions(['--frob'])).to.throw("Unknown option '--frob'");
  });
});
