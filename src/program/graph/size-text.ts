/** Expressions of sizes as people write them. torch stores what SymPy's `srepr` prints. */

/** How tightly an operator binds. */
const SUM = 1;
const PRODUCT = 2;
const POWER = 3;
const ATOM = 4;

interface Text {
  readonly text: string;
  readonly binding: number;
}

const OPERATORS: ReadonlyMap<string, readonly [operator: string, binding: number]> = new Map([
  ['Add', [' + ', SUM]],
  ['Mul', [' * ', PRODUCT]],
  ['FloorDiv', [' // ', PRODUCT]],
  ['CleanDiv', [' // ', PRODUCT]],
  ['Mod', [' % ', PRODUCT]],
  ['PythonMod', [' % ', PRODUCT]],
  ['Pow', [' ** ', POWER]],
  ['PowByNatural', [' ** ', POWER]],
]);

/** Nothing that a model computes of sizes is deeper. */
const MAX_DEPTH = 64;

/**
 * `s27 // 2 + 1` of `Add(FloorDiv(Symbol('s27', positive=True, integer=True), Integer(2)), Integer(1))`. Text that is no such expression
 * is returned as it is. Different expressions have different texts.
 */
export function sizeText(srepr: string): string {
  const reader = new Reader(srepr);
  const found = reader.expression(MAX_DEPTH);
  return found !== undefined && reader.isAtEnd() ? found.text : srepr;
}

/** Reads on from its place; undefined where something else stands there. */
class Reader {
  private place = 0;

  constructor(private readonly source: string) {}

  isAtEnd(): boolean {
    return this.place === this.source.length;
  }

  expression(depth: number): Text | undefined {
    const symbol = this.take(/Symbol\('(\w+)'[^()]*\)/y) ?? this.take(/Integer\((-?\d+)\)/y);
    if (symbol !== undefined) return { text: symbol, binding: symbol.startsWith('-') ? SUM : ATOM };
    const name = this.take(/(\w+)\(/y);
    if (name === undefined || depth === 0) return undefined;
    const items: Text[] = [];
    do {
      const item = this.expression(depth - 1);
      if (item === undefined) return undefined;
      items.push(item);
    } while (this.take(/(, )/y) !== undefined);
    return this.take(/(\))/y) === undefined ? undefined : written(name, items);
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.place;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.place = pattern.lastIndex;
    return match[1];
  }
}

/** An operator between its operands, those that bind less in parentheses; another function with its name. */
function written(name: string, items: readonly Text[]): Text {
  const known = OPERATORS.get(name);
  if (known === undefined)
    return { text: `${name}(${items.map(({ text }) => text).join(', ')})`, binding: ATOM };
  const [operator, binding] = known;
  const texts = items.map((item) => (item.binding > binding ? item.text : `(${item.text})`));
  return { text: texts.join(operator), binding };
}
