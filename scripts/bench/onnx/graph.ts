/** ONNX messages. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */

import { Message } from './protobuf.js';

/** LSTM, GRU and RNN are the same from operator set 14 to 21, and onnxruntime runs them all. */
const OPERATOR_SET = 14;
/** The file format of that operator set, the oldest that has it. */
const IR_VERSION = 7;

const FLOAT = 1;
const INT64 = 7;

const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

export type Attribute = number | string | readonly number[];

export interface Node {
  readonly type: string;
  /** An empty name stands for an optional input that is not there. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A float32 tensor that comes in or goes out. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** The bytes of a ModelProto. */
export function encodeModel(graph: Graph): Uint8Array {
  return new Message()
    .int(1, IR_VERSION)
    .message(7, encodeGraph(graph))
    .message(8, new Message().text(1, '').int(2, OPERATOR_SET))
    .encode();
}

function encodeGraph({ nodes, constants, inputs, outputs }: Graph): Message {
  const message = new Message();
  for (const node of nodes) message.message(1, encodeNode(node));
  message.text(2, 'recurrent');
  for (const constant of constants) message.message(5, encodeConstant(constant));
  for (const port of inputs) message.message(11, encodePort(port));
  for (const port of outputs) message.message(12, encodePort(port));
  return message;
}

function encodeNode({ type, inputs, outputs, attributes = {} }: Node): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(4, type);
  for (const [name, value] of Object.entries(attributes)) message.message(5, encodeAttribute(name, value));
  return message;
}

function encodeAttribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, ATTRIBUTE_INT);
  if (typeof value === 'string') return message.text(4, value).int(20, ATTRIBUTE_STRING);
  for (const element of value) message.int(8, element);
  return message.int(20, ATTRIBUTE_INTS);
}

function encodeConstant({ name, shape, data }: Constant): Message {
  const message = new Message();
  for (const size of shape) message.int(1, size);
  return message
    .int(2, data instanceof Float32Array ? FLOAT : INT64)
    .text(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function encodePort({ name, shape }: Port): Message {
  const dimensions = new Message();
  for (const size of shape) dimensions.message(1, new Message().int(1, size));
  const tensor = new Message().int(1, FLOAT).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
