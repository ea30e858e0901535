/** Just enough of protocol buffers to write a message. See https://protobuf.dev/programming-guides/encoding. */

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** One message in wire format, field by field in the order of the calls. */
export class Message {
  private readonly parts: Uint8Array[] = [];

  /** @param value not negative, and below 2^53. */
  int(field: number, value: number): this {
    return this.tag(field, VARINT).varint(value);
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, LENGTH_DELIMITED).varint(value.length);
    this.parts.push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    const length = this.parts.reduce((sum, part) => sum + part.length, 0);
    const encoded = new Uint8Array(length);
    let at = 0;
    for (const part of this.parts) {
      encoded.set(part, at);
      at += part.length;
    }
    return encoded;
  }

  private tag(field: number, wireType: number): this {
    return this.varint(field * 8 + wireType);
  }

  /** Seven bits a byte, the lowest first; the eighth bit says that more follow. */
  private varint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`protobuf: varint: expected an integer in 0..2^53-1, got ${value}`);
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }
}
