/**
 * The first bytes of a deflated entry, from the first that are stored. No decompressor of a host gives them: those of zlib and of
 * streams inflate all that they get, and refuse an input that is cut short.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1951
 */

const MAX_CODE_BITS = 15;

/** The order in which a block gives the lengths of the codes for lengths. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Shortest match of each symbol from 257 on, and the bits that lengthen it. */
const MATCH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const MATCH_LENGTHS = [...basesOf(MATCH_BITS.slice(0, -1), 3), 258];

/** The same of distances. */
const DISTANCE_BITS = Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1));
const DISTANCES = basesOf(DISTANCE_BITS, 1);

const END_OF_BLOCK = 256;

/** Each base is behind the range of the one before. */
function basesOf(bits: readonly number[], first: number): number[] {
  let next = first;
  return bits.map((count) => {
    const own = next;
    next += 2 ** count;
    return own;
  });
}

/**
 * What deflated bytes become, up to `most` bytes. It ends earlier where the input does, and where it is damaged, which inflating the
 * whole tells.
 */
export function inflateHead(bytes: Uint8Array, most: number): Uint8Array {
  const head = new HeadInflater(bytes, most);
  head.run();
  return head.output.slice(0, head.length);
}

/** Symbols by their codes: how many codes have each length, and the symbols in the order of their codes. */
interface Codes {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

function codesOf(lengths: readonly number[]): Codes {
  const counts = new Array<number>(MAX_CODE_BITS + 1).fill(0);
  for (const length of lengths) counts[length]++;
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol] > 0);
  symbols.sort((a, b) => lengths[a] - lengths[b] || a - b);
  return { counts, symbols };
}

class HeadInflater {
  readonly output: Uint8Array;
  length = 0;

  /** In bits. */
  private position = 0;
  private isDamaged = false;

  constructor(
    private readonly bytes: Uint8Array,
    most: number,
  ) {
    this.output = new Uint8Array(most);
  }

  run(): void {
    for (let isLast = false; !isLast && this.canGoOn(); ) {
      isLast = this.bits(1) === 1;
      const kind = this.bits(2);
      if (kind === 0) this.copyBlock();
      else if (kind === 1) this.inflateBlock(...FIXED);
      else if (kind === 2) this.inflateBlock(...this.readCodes());
      else this.isDamaged = true;
    }
  }

  private canGoOn(): boolean {
    return !this.isDamaged && this.length < this.output.length && this.position < 8 * this.bytes.length;
  }

  /** A number of so many bits, the lowest first; zeros behind the end. */
  private bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.position++)
      value |= (((this.bytes[this.position >> 3] ?? 0) >> (this.position & 7)) & 1) << i;
    return value;
  }

  private put(byte: number): void {
    if (this.length < this.output.length) this.output[this.length++] = byte;
  }

  /** `padding | length | its complement | bytes`. */
  private copyBlock(): void {
    this.position = 8 * Math.ceil(this.position / 8);
    const length = this.bits(16);
    this.isDamaged = this.bits(16) !== (length ^ 0xffff);
    for (let i = 0; i < length && this.canGoOn(); i++) this.put(this.bits(8));
  }

  private inflateBlock(literals: Codes, distances: Codes): void {
    while (this.canGoOn()) {
      const symbol = this.symbol(literals);
      // Behind the end of the input there are zeros, which mean nothing.
      if (symbol === END_OF_BLOCK || this.position > 8 * this.bytes.length) return;
      if (symbol < END_OF_BLOCK) this.put(symbol);
      else this.copyMatch(symbol - END_OF_BLOCK - 1, distances);
    }
  }

  private copyMatch(match: number, distances: Codes): void {
    const length = MATCH_LENGTHS[match] + this.bits(MATCH_BITS[match]);
    const symbol = this.symbol(distances);
    const distance = DISTANCES[symbol] + this.bits(DISTANCE_BITS[symbol]);
    // NaN, for a symbol that stands for nothing, is none of these either.
    this.isDamaged = !(length > 0 && distance <= this.length) || this.position > 8 * this.bytes.length;
    for (let i = 0; i < length && !this.isDamaged; i++) this.put(this.output[this.length - distance]);
  }

  /** The lengths of the codes of a block are compressed too: 16 to 18 repeat the one before, or 0. */
  private readCodes(): [Codes, Codes] {
    const literals = 257 + this.bits(5);
    const distances = 1 + this.bits(5);
    const given = 4 + this.bits(4);
    const ofLengths = new Array<number>(LENGTH_ORDER.length).fill(0);
    for (const symbol of LENGTH_ORDER.slice(0, given)) ofLengths[symbol] = this.bits(3);
    const codes = codesOf(ofLengths);
    const lengths: number[] = [];
    while (lengths.length < literals + distances && this.canGoOn()) {
      const symbol = this.symbol(codes);
      if (symbol < 16) lengths.push(symbol);
      else if (symbol === 16) lengths.push(...new Array(3 + this.bits(2)).fill(lengths.at(-1) ?? 0));
      else lengths.push(...new Array(symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7)).fill(0));
    }
    return [codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals, literals + distances))];
  }

  /** The symbol whose code comes next. Codes of one length follow each other, and so do the lengths. */
  private symbol({ counts, symbols }: Codes): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      code += this.bits(1);
      if (code - first < counts[length]) return symbols[index + code - first];
      index += counts[length];
      first = 2 * (first + counts[length]);
      code *= 2;
    }
    this.isDamaged = true;
    return END_OF_BLOCK;
  }
}

/** The codes of a block that gives none. */
const FIXED: readonly [Codes, Codes] = [
  codesOf(
    Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  ),
  codesOf(new Array<number>(30).fill(5)),
];
