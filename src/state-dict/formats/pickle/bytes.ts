import { formatError } from '../../rules/format-codes.js';
import type { WorkBudget } from '../../rules/work.js';
import { asKind, type PickleCall, type PickleValue } from './values.js';

/** What protocols without bytes write in their place: a call with a text of one character for each byte. */
const ENCODE = '_codecs.encode';

/** Calls that make bytes of their first argument; of none, no bytes. */
const COPIES: ReadonlySet<string> = new Set(['builtins.bytes', 'builtins.bytearray']);

/** Characters that are compared in the time of a step. */
const COMPARED_PER_STEP = 1024;

const UTF8 = new TextEncoder();

/**
 * The bytes of bytes, bytearray, and the str of Python 2, which was bytes. Those written as text are made once for each text,
 * however many values share it.
 */
export class PickledBytes {
  private readonly latin1 = new Map<string, Uint8Array>();
  private readonly utf8 = new Map<string, Uint8Array>();

  constructor(private readonly work: WorkBudget) {}

  /** Undefined of any other value. */
  of(value: PickleValue | undefined): Uint8Array | undefined {
    if (typeof value === 'string') return this.remembered(this.utf8, value, (text) => UTF8.encode(text));
    const call = asKind(value, 'call');
    const [first] = call?.args.items ?? [];
    if (!COPIES.has(nameOf(call))) return this.written(value);
    return first === undefined ? new Uint8Array(0) : this.written(first);
  }

  /** A bytearray has its text as it is, and the name of the encoding beside it. */
  private written(value: PickleValue | undefined): Uint8Array | undefined {
    const bytes = asKind(value, 'bytes');
    if (bytes) return bytes.bytes;
    const call = asKind(value, 'call');
    const text = nameOf(call) === ENCODE ? call?.args.items[0] : value;
    return typeof text === 'string' ? this.remembered(this.latin1, text, latin1Bytes) : undefined;
  }

  private remembered(
    known: Map<string, Uint8Array>,
    text: string,
    make: (text: string) => Uint8Array,
  ): Uint8Array {
    const found = known.get(text);
    // It has been compared: the text that is asked for may be an equal one.
    if (found) this.work.spend(text.length / COMPARED_PER_STEP);
    const bytes = found ?? make(text);
    known.set(text, bytes);
    return bytes;
  }
}

function nameOf(call: PickleCall | undefined): string {
  return asKind(call?.callable, 'global')?.fullName ?? '';
}

function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      throw formatError('INVALID_SYNTAX', 'pickle', 'bytes', 'a character for each byte', `code ${code}`);
    }
    bytes[i] = code;
  }
  return bytes;
}
