import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import ts from 'typescript';
import { FLAGS } from '../../../../scripts/tools/build-engine/module.mjs';
import * as constants from '../../../../src/kernels/host/abi/constants.js';
import * as structs from '../../../../src/kernels/host/abi/structs.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { type Header, parseHeader } from './header.js';

const HOST = new URL('../../../../src/kernels/host/', import.meta.url);

const STRUCTS = {
  direction: structs.DIRECTION,
  input_gradient: structs.INPUT_GRADIENT,
  weight_gradient: structs.WEIGHT_GRADIENT,
  team: structs.TEAM,
  queue: structs.QUEUE,
  queued_job: structs.QUEUED_JOB,
};

/** The constant of TypeScript beside the name that the header has for it. */
const DEFINES = {
  QUEUE_CAPACITY: constants.QUEUE_CAPACITY,
  STACK_BYTES: constants.STACK_BYTES,
};

/** By enum of the header: its prefix, and the values of TypeScript. */
const ENUMS = {
  cell: ['CELL', constants.CELL_CODES],
  gru_slot: ['GRU', constants.GRU_SLOTS],
  lstm_slot: ['LSTM', constants.LSTM_SLOTS],
  job: ['JOB', constants.JOBS],
} as const;

/** The functions of an interface: parameters in order, a rest parameter's tuple included. */
async function functionsOfTypeScript(): Promise<Record<string, { result: string; parameters: string[] }>> {
  const text = await readFile(new URL('abi/functions.ts', HOST), 'utf8');
  const source = ts.createSourceFile('functions.ts', text, ts.ScriptTarget.Latest, true);
  const tuples = new Map<string, string[]>();
  const found: Record<string, { result: string; parameters: string[] }> = {};
  source.forEachChild((node) => {
    if (ts.isTypeAliasDeclaration(node) && ts.isTupleTypeNode(node.type))
      tuples.set(
        node.name.text,
        node.type.elements.map((element) => (element as ts.NamedTupleMember).name.text),
      );
  });
  source.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node) || node.name.text !== 'EngineFunctions') return;
    for (const member of node.members.filter(ts.isMethodSignature))
      found[member.name.getText()] = {
        result: member.type?.getText() ?? '',
        parameters: member.parameters.flatMap((parameter) =>
          parameter.dotDotDotToken
            ? (tuples.get(parameter.type?.getText() ?? '') as string[])
            : [parameter.name.getText()],
        ),
      };
  });
  return found;
}

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe("what TypeScript knows of the engine's header", () => {
  let header: Header;

  before(async () => {
    header = parseHeader(await readFile(new URL('c/engine.h', HOST), 'utf8'));
  });

  it('has every struct, its fields in order, all of 32 bits', () => {
    const fields = Object.entries(header.structs).map(([name, members]) => [
      name,
      members.map((member) => member.name),
    ]);
    expect(Object.fromEntries(fields)).to.deep.equal(STRUCTS);
    const types = Object.values(header.structs).flatMap((members) => members.map(({ type }) => type));
    expect([...new Set(types)].sort()).to.deep.equal(['index_t', 'int32_t']);
  });

  it('has every enumerator, with its value', () => {
    const expected = Object.fromEntries(
      Object.entries(ENUMS).map(([name, [prefix, values]]) => {
        const sorted = Object.entries(values).sort(([, a], [, b]) => a - b);
        expect(
          sorted.map(([, value]) => value),
          name,
        ).to.deep.equal(sorted.map((_, i) => i));
        return [name, sorted.map(([key]) => `${prefix}_${key.toUpperCase()}`)];
      }),
    );
    expect(header.enums).to.deep.equal(expected);
  });

  it('has every number, and the linker the size of the stack', () => {
    expect(header.defines).to.deep.equal(DEFINES);
    expect(FLAGS).to.include(`-Wl,-z,stack-size=${constants.STACK_BYTES}`);
  });

  it('has the vector of the engine in WebAssembly, which is the last machine of machine.h, and the widest padding', async () => {
    const text = await readFile(new URL('c/machine.h', HOST), 'utf8');
    const machines = [...text.matchAll(/^#define VL (\d+)\n#define PAD (\d+)$/gm)].map((match) =>
      match.slice(1).map(Number),
    );
    expect(machines).to.have.length(4);
    const { WASM_VECTOR, WIDEST_PAD } = constants;
    expect(machines.at(-1)).to.deep.equal([WASM_VECTOR, WASM_VECTOR]);
    expect(WIDEST_PAD).to.equal(Math.max(...machines.map(([, pad]) => pad as number)));
  });

  it('has every function, its parameters in order, and the engine exports it', async () => {
    const declared = Object.fromEntries(
      Object.entries(header.functions).map(([name, { result, parameters }]) => [
        name,
        {
          result: result === 'void' ? 'void' : 'number',
          parameters: parameters.map((parameter) => camelCase(parameter.name)),
        },
      ]),
    );
    expect(await functionsOfTypeScript()).to.deep.equal(declared);
    expect(makeEngine().functions).to.include.keys(...Object.keys(declared));
  });
});

describe('writeStruct', () => {
  it('writes each field in its place, whatever order they are given in', () => {
    const engine = makeEngine();
    const at = engine.arena.allocate(structs.INPUT_GRADIENT.length);
    const values = Object.fromEntries(
      structs.INPUT_GRADIENT.map((name, i) => [name, i + 1] as const).reverse(),
    );
    structs.writeStruct(
      engine,
      at,
      structs.INPUT_GRADIENT,
      values as structs.Fields<typeof structs.INPUT_GRADIENT>,
    );
    expect([...engine.ints(at, 8)]).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
