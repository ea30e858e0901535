import { expect } from 'chai';
import { chooseDict, tensorsAt } from '../../../src/state-dict/choose/dict.js';
import type {
  Checkpoint,
  CheckpointDict,
  CheckpointNode,
} from '../../../src/state-dict/formats/checkpoint.js';
import { errorOf, openedFile } from '../support.js';

const T: CheckpointNode = {
  kind: 'loaded',
  tensor: { dtype: 'U8', shape: [0] },
  read: () => new Uint8Array(0),
};
const NUMBER: CheckpointNode = { ...T, isBareScalar: true } as CheckpointNode;
const OTHER: CheckpointNode = { kind: 'other', text: '3' };

function dict(entries: Record<string, CheckpointNode>): CheckpointNode & { kind: 'dict' } {
  return { kind: 'dict', entries: new Map(Object.entries(entries)) };
}

function checkpoint(entries: Record<string, CheckpointNode> | CheckpointDict): Checkpoint {
  const root = entries instanceof Map ? entries : dict(entries).entries;
  return { format: 'json', root, unknownGlobals: [], warnings: [] };
}

function chosen(entries: Record<string, CheckpointNode>, file = openedFile(0)) {
  return chooseDict(file, checkpoint(entries), undefined).path;
}

function namesAt(
  entries: Record<string, CheckpointNode> | CheckpointDict,
  path: string[] = [],
  maxTensors = 100,
  size = 0,
) {
  return [...tensorsAt(openedFile(size, { maxTensors }), checkpoint(entries), path).tensors.keys()];
}

const WEIGHTS = dict({ weight: T, bias: T });
const OPTIMIZER = dict({ state: dict({ 0: dict({ exp_avg: T }) }), param_groups: dict({ 0: OTHER }) });

describe('chooseDict', () => {
  it('takes the root where it holds tensors itself, dicts of them below it included', () => {
    expect(chosen({ weight: T, epoch: OTHER })).to.deep.equal([]);
    expect(chosen({ weight: T, encoder: WEIGHTS, decoder: WEIGHTS })).to.deep.equal([]);
  });

  it('takes the only dict with tensors, however deep it lies and whatever it is called', () => {
    expect(chosen({ epoch: OTHER, net: WEIGHTS })).to.deep.equal(['net']);
    expect(chosen({ a: dict({ b: dict({ c: WEIGHTS, n: OTHER }) }), empty: dict({}) })).to.deep.equal([
      'a',
      'b',
      'c',
    ]);
  });

  it('counts a tensor that cannot be read as a tensor', () => {
    expect(chosen({ net: dict({ w: { kind: 'refused', reason: 'sparse' } }) })).to.deep.equal(['net']);
  });

  it('leaves what belongs to the training: by the keys of an optimizer, or by its name', () => {
    expect(chosen({ net: WEIGHTS, opt: OPTIMIZER })).to.deep.equal(['net']);
    for (const key of [
      'optimizer',
      'optimizer_states',
      'optim_D',
      'optimizerG',
      'optimiser2',
      'OPTIMIZER_STATE',
      'rng_states',
      'lrScheduler',
      'lr_sched',
      'sched',
      'scaler',
      'lr_schedulers',
      'callbacks',
      'loops',
      'hyper_parameters',
    ])
      expect(chosen({ net: WEIGHTS, [key]: WEIGHTS }), key).to.deep.equal(['net']);
  });

  it('takes the state of an optimizer alone for no model, unless it is named', () => {
    for (const entries of [
      Object.fromEntries(OPTIMIZER.entries),
      { state: dict({}), param_groups: dict({ 0: OTHER }) },
      { epoch: OTHER, optimizers: OPTIMIZER },
    ]) {
      const error = errorOf(() => chosen(entries));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal(
        'spec: file: expected the state_dict of a model, got that of an optimizer. ' +
          'In Python, save that of the model: torch.save(model.state_dict(), "state_dict.pt")',
      );
      expect(chooseDict(openedFile(0), checkpoint(entries), []).path).to.deep.equal([]);
    }
  });

  it('takes whole words for the name of what belongs to the training', () => {
    for (const key of ['optimal_policy', 'optimus', 'rngnet', 'schedule_net', 'lr_net']) {
      const error = errorOf(() => chosen({ policy: WEIGHTS, [key]: WEIGHTS }));
      expect(error.message, key).to.include(`several: ["policy"], ["${key}"].`);
    }
    const around = { policy: WEIGHTS, center: T, optimal: WEIGHTS };
    expect(chosen(around)).to.deep.equal([]);
  });

  it('prefers a state_dict, model_state_dict or model to loose tensors beside it', () => {
    for (const key of ['state_dict', 'model_state_dict', 'model'])
      expect(chosen({ loss: T, [key]: WEIGHTS, optimizer: WEIGHTS }), key).to.deep.equal([key]);
    expect(chosen({ loss: T, other: WEIGHTS })).to.deep.equal([]);
  });

  it('takes numbers for settings, unless there is nothing else', () => {
    expect(chosen({ epoch: NUMBER, lr: NUMBER, net: WEIGHTS })).to.deep.equal(['net']);
    expect(chosen({ epoch: NUMBER, model: dict({ scale: NUMBER }) })).to.deep.equal(['model']);
    expect(chosen({ a: NUMBER, b: NUMBER })).to.deep.equal([]);
  });

  it('lists the paths to choose from where several dicts hold tensors', () => {
    const error = errorOf(() => chosen({ model: WEIGHTS, ema: dict({ shadow: WEIGHTS }), epoch: OTHER }));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal(
      'spec: file: expected one dict with tensors, got several: ["model"], ["ema"]. ' +
        'Pass one of them as path, or [] for all with longer names',
    );
    const deeper = errorOf(() => chosen({ nets: dict({ G: WEIGHTS, D: WEIGHTS }) }));
    expect(deeper.message).to.include('several: ["nets","G"], ["nets","D"]. ');
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`net${i}`, WEIGHTS]));
    expect(errorOf(() => chosen(many)).message).to.include('["net7"], ... 20 in all. Pass');
  });

  it('ends in a graph that holds itself', () => {
    const around = dict({ net: WEIGHTS });
    around.entries.set('self', around);
    expect(errorOf(() => chosen({ around })).message).to.include('["around","net"], ["around","self"]');
    const only = dict({});
    only.entries.set('self', only);
    expect(chosen({ only })).to.deep.equal([]);
  });

  it('ends in a graph a million dicts deep', () => {
    let node = WEIGHTS;
    for (let i = 0; i < 1e6; i++) node = dict({ a: node });
    expect(chosen({ a: node }, openedFile(1e6))).to.have.length(128);
  });

  it('takes the path that it is given, and says what is there instead of a dict', () => {
    const entries = { model: WEIGHTS, ema: dict({ shadow: WEIGHTS, step: OTHER }), w: T };
    const at = (path: string[]) => chooseDict(openedFile(0), checkpoint(entries), path).path;
    expect(at(['ema', 'shadow'])).to.deep.equal(['ema', 'shadow']);
    expect(at([])).to.deep.equal([]);
    for (const [path, text] of [
      [['models'], 'a dict at ["models"], got nothing. There are dicts at "model", "ema"'],
      [['ema', 'step'], 'a dict at ["ema","step"], got 3. There are dicts at "shadow"'],
      [['w'], 'a dict at ["w"], got a tensor. There are dicts at "model", "ema"'],
      [['model', 'weight', 'x'], 'a dict at ["model","weight"], got a tensor'],
    ] as [string[], string][]) {
      const error = errorOf(() => at(path));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal(`spec: path: expected ${text}`);
    }
  });
});

describe('what is left out beside the dict that was chosen', () => {
  const VECTOR: CheckpointNode = { ...T, tensor: { dtype: 'F32', shape: [3] } } as CheckpointNode;
  const LOSS: CheckpointNode = { ...T, tensor: { dtype: 'F32', shape: [] } } as CheckpointNode;
  const RNG: CheckpointNode = { ...T, tensor: { dtype: 'U8', shape: [5056] } } as CheckpointNode;
  const LIST: CheckpointNode = {
    kind: 'numbers',
    tensor: { dtype: 'F32', shape: [1] },
    text: '[0]',
    read: () => Float32Array.of(0),
  };
  const OBJECT: CheckpointNode = { kind: 'refused', reason: 'an object', isObject: true };
  const left = (entries: Record<string, CheckpointNode>) =>
    chooseDict(openedFile(0), checkpoint(entries), undefined);

  it('is lost where it may be weights, and the paths read it', () => {
    const entries = { encoder: WEIGHTS, scaler: dict({ mean: VECTOR }), epoch: OTHER };
    expect(left(entries)).to.deep.include({
      path: ['encoder'],
      lost: [
        'Left out beside ["encoder"]: dict "scaler". ' +
          'path: ["scaler"] reads the dict, path: [] reads all, with longer names.',
      ],
      training: [],
    });
    expect(namesAt(entries, ['scaler'])).to.deep.equal(['mean']);
    expect(namesAt(entries, [])).to.deep.equal(['encoder.weight', 'encoder.bias', 'scaler.mean']);
    expect(left({ model: WEIGHTS, center: VECTOR }).lost).to.deep.equal([
      'Left out beside ["model"]: tensor "center". path: [] reads all, with longer names.',
    ]);
    expect(left({ model: WEIGHTS, center: VECTOR, config: OBJECT }).lost).to.deep.equal([
      'Left out beside ["model"]: tensor "center", object "config". path: [] with select: ["center"] the tensor.',
    ]);
  });

  it('is told of what belongs to a training, without being lost', () => {
    const { lost, training } = left({
      model: WEIGHTS,
      optimizer: OPTIMIZER,
      rng_state: RNG,
      loss: LOSS,
      losses: LIST,
      best: NUMBER,
    });
    expect(lost).to.deep.equal([]);
    expect(training).to.deep.equal([
      'Left out beside ["model"], as settings or the state of a training: ' +
        'dict "optimizer", tensor "rng_state", tensor "loss", list "losses".',
    ]);
    expect(left({ model: WEIGHTS, epoch: OTHER, best: NUMBER })).to.deep.equal({
      path: ['model'],
      lost: [],
      training: [],
    });
  });

  it('is found at each level of the path, and not where the caller gives one', () => {
    const entries = { a: dict({ b: WEIGHTS, sched: WEIGHTS }), scaler: WEIGHTS };
    expect(left(entries).lost.map((text) => text.split('.')[0])).to.deep.equal([
      'Left out beside ["a"]: dict "scaler"',
      'Left out beside ["a","b"]: dict "sched"',
    ]);
    expect(chooseDict(openedFile(0), checkpoint(entries), ['a', 'b']).lost).to.deep.equal([]);
  });

  it('does not make an object around a tensor one of the weights', () => {
    expect(left({ net: WEIGHTS, optimizer: OBJECT }).path).to.deep.equal(['net']);
  });

  it('stops at a whole module, whatever is in it', () => {
    const module = dict({ module: WEIGHTS });
    const around = {
      ...checkpoint({ model: module }),
      modules: new Map([[module.entries, { className: 'my.Net', attributes: new Map() }]]),
    };
    expect(chooseDict(openedFile(0), around, undefined).path).to.deep.equal(['model']);
  });
});

describe('lists of numbers', () => {
  const list = (...shape: number[]): CheckpointNode => ({
    kind: 'numbers',
    tensor: { dtype: 'F32', shape },
    text: '[...]',
    read: () => new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  const STEP: CheckpointNode = { kind: 'other', text: '3', number: 3 };

  it('are tensors where there is no tensor, with the numbers beside them', () => {
    const entries = { net: dict({ w: list(2, 2), step: STEP, name: OTHER }), epoch: STEP };
    expect(chosen(entries)).to.deep.equal(['net']);
    const { tensors, warnings } = tensorsAt(openedFile(0), checkpoint(entries), ['net']);
    expect([...tensors.keys()]).to.deep.equal(['w', 'step']);
    expect(warnings).to.deep.equal(['Left out, because they are not tensors: "name".']);
  });

  it('are lost beside tensors where they look like weights', () => {
    const entries = { w: T, bias: list(2), m: list(2, 2), losses: list(9) };
    const { lost, warnings } = tensorsAt(openedFile(0), checkpoint(entries), []);
    expect(lost).to.deep.equal([
      'Left out, because they are lists of numbers: "bias", "m". In Python, save torch.tensor(x) in their place to have them.',
    ]);
    expect(warnings).to.deep.equal(['Left out, because they are not tensors: "losses".']);
  });

  it('count for nothing where all there is are numbers alone', () => {
    expect(errorOf(() => namesAt({ epoch: STEP })).message).to.equal(
      'spec: file: expected tensors, got none, but "epoch"',
    );
    expect(errorOf(() => namesAt({ net: dict({ a: OTHER }) })).message).to.equal(
      'spec: file: expected tensors, got none, but "net"',
    );
  });
});

describe('tensorsAt', () => {
  it('gives dotted names to what lies below, in the order of the file', () => {
    const entries = { b: T, enc: dict({ gru: dict({ w: T }), a: T }), a: T };
    expect(namesAt(entries)).to.deep.equal(['b', 'enc.gru.w', 'enc.a', 'a']);
    expect(namesAt(entries, ['enc'])).to.deep.equal(['gru.w', 'a']);
  });

  it('takes a shared dict under each of its names', () => {
    expect(namesAt({ a: WEIGHTS, b: WEIGHTS })).to.deep.equal(['a.weight', 'a.bias', 'b.weight', 'b.bias']);
  });

  it('passes over a dict inside itself', () => {
    const around = dict({ w: T });
    around.entries.set('self', around);
    expect(namesAt({ around })).to.deep.equal(['around.w']);
  });

  it('leaves values that are not tensors, and reports them', () => {
    const { tensors, warnings } = tensorsAt(
      openedFile(0),
      checkpoint({ w: T, epoch: OTHER, d: dict({ x: OTHER }) }),
      [],
    );
    expect([...tensors.keys()]).to.deep.equal(['w']);
    expect(warnings).to.deep.equal(['Left out, because they are not tensors: "epoch".']);
    expect(tensorsAt(openedFile(0), checkpoint({ w: T }), []).warnings).to.deep.equal([]);
  });

  it('keeps what has an error of its own, to be thrown where it is asked for', () => {
    const error = () => new Error('no tensor');
    const { tensors } = tensorsAt(
      openedFile(0),
      checkpoint({ w: { kind: 'other', text: '"x"', error } }),
      [],
    );
    expect(tensors.get('w')).to.deep.equal({ kind: 'refused', reason: '"x"', error });
  });

  it('is empty of an empty file, and refuses one without tensors', () => {
    expect(namesAt({})).to.deep.equal([]);
    const error = errorOf(() => namesAt({ epoch: OTHER, name: OTHER }));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal('spec: file: expected tensors, got none, but "epoch", "name"');
    expect(errorOf(() => namesAt({ a: dict({ n: OTHER }) }, ['a'])).message).to.equal(
      'spec: dict at ["a"]: expected tensors, got none, but "n"',
    );
  });

  it('refuses two tensors of one name', () => {
    const error = errorOf(() => namesAt({ 'a.w': T, a: dict({ w: T }) }));
    expect(error.code).to.equal('DUPLICATE_NAME');
    expect(error.message).to.equal('json: tensor "a.w": expected one of that name, got another');
  });

  it('refuses more tensors than maxTensors, however few dicts they are shared from', () => {
    expect(namesAt({ a: T, b: T }, [], 2)).to.have.length(2);
    expect(errorOf(() => namesAt({ a: T, b: T }, [], 1)).message).to.match(/at most 1 tensors, got more/);
    let node = WEIGHTS;
    for (let i = 0; i < 100; i++) node = dict({ a: node, b: node });
    const error = errorOf(() => namesAt({ node }, [], 1000, 1e6));
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.match(/at most 1000 tensors, got more/);
  });

  it('refuses dicts that refer to each other in more ways than can be named', () => {
    const dicts = Array.from({ length: 24 }, () => dict({}));
    for (const one of dicts) for (const [i, other] of dicts.entries()) one.entries.set(`${i}`, other);
    dicts[0]?.entries.set('w', T);
    const error = errorOf(() => namesAt({ d: dicts[1]! }));
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.equal(
      'file: content: expected at most 65536 steps for its values and names (limits.maxExpansion), got more. ' +
        'Raise limits.maxExpansion to read it',
    );
  });

  it('refuses a long name that is the first part of many', () => {
    const many = dict(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}`, T])));
    const names = (characters: number) => namesAt({ ['a'.repeat(characters)]: many }, [], 100, characters);
    expect(names(80_000)).to.have.length(50);
    expect(errorOf(() => namesAt({ ['a'.repeat(100_000)]: many })).code).to.equal('TOO_LARGE');
  });

  it('is not led through dicts without tensors, however often they are shared', () => {
    let node = dict({});
    for (let i = 0; i < 100; i++) node = dict({ a: node, b: node });
    expect(namesAt({ node, w: T })).to.deep.equal(['w']);
  });

  it('refuses dicts nested deeper than any module', () => {
    let node = WEIGHTS;
    for (let i = 0; i < 126; i++) node = dict({ a: node });
    expect(namesAt({ a: node })).to.have.length(2);
    const error = errorOf(() => namesAt({ a: dict({ a: node }) }));
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.equal('json: file: expected at most 128 dicts inside each other, got another');
  });
});
