import { formatError } from '../../rules/format-codes.js';
import type { WorkBudget } from '../../rules/work.js';
import { asKind, type PickleCall, type PickleValue } from './values.js';

/** The names that picklers give to the encoding with one byte for each character. */
const LATIN1: ReadonlySet<PickleValue | undefined> = new Set(['latin1', 'latin-1']);

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
    const args = call?.args.items ?? [];
    if (!COPIES.has(nameOf(call))) return this.written(value);
    if (args.length === 0) return new Uint8Array(0);
    return args.length === 1 ? this.written(args[0]) : this.encoded(args);
  }

  private written(value: PickleValue | undefined): Uint8Array | undefined {
    const call = asKind(value, 'call');
    return call && isEncode(call) ? this.encoded(call.args.items) : asKind(value, 'bytes')?.bytes;
  }

  private encoded(args: readonly PickleValue[]): Uint8Array | undefined {
    const text = encodedText(args);
    return text === undefined ? undefined : this.remembered(this.latin1, text, latin1Bytes);
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

/** What protocols without bytes write in their place: a call with a text of one character for each byte. */
export function isEncode(call: PickleCall): boolean {
  return nameOf(call) === '_codecs.encode';
}

/** The text of `(text, encoding)`, where each of its characters is a byte. */
export function encodedText([text, encoding, ...others]: readonly PickleValue[]): string | undefined {
  return typeof text === 'string' && LATIN1.has(encoding) && others.length === 0 ? text : undefined;
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
