/** What a C header declares, as far as the engine's header uses the language. */

export interface Parameter {
  /** `float *`, or an integer type. */
  readonly type: string;
  readonly name: string;
}

export interface Header {
  /** By name, the value of each `#define` of a number. */
  readonly defines: Readonly<Record<string, number>>;
  /** By name, the enumerators in order, whose values count from 0. */
  readonly enums: Readonly<Record<string, readonly string[]>>;
  /** By name, the fields in order; an array of structs at the end is left out. */
  readonly structs: Readonly<Record<string, readonly Parameter[]>>;
  readonly functions: Readonly<Record<string, { readonly result: string; readonly parameters: Parameter[] }>>;
}

/** @throws Error for an enumerator with a value of its own: it would not count from 0. */
export function parseHeader(text: string): Header {
  const code = text.replace(/\/\*.*?\*\//gs, ' ');
  const defines: Record<string, number> = {};
  for (const [, name, value] of code.matchAll(/^#define (\w+) (\d+)$/gm))
    defines[name as string] = Number(value);
  let rest = code.replace(/^#.*$/gm, '');
  const structs: Record<string, Parameter[]> = {};
  // An inner struct first: none of its braces is left in the outer one then.
  for (let found = true; found; ) {
    found = false;
    rest = rest.replace(/struct (\w+) \{([^{}]*)\}( \w+\[\])?;/, (_, name: string, body: string) => {
      found = true;
      structs[name] = body.split(';').flatMap(declarations);
      return '';
    });
  }
  const enums: Record<string, string[]> = {};
  rest = rest.replace(/enum (\w+) \{([^{}]*)\};/g, (_, name: string, body: string) => {
    if (body.includes('='))
      throw new Error(`enum ${name}: expected enumerators that count from 0, got${body}`);
    enums[name] = body
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
    return '';
  });
  const functions: Record<string, { result: string; parameters: Parameter[] }> = {};
  for (const [, result, name, list] of rest.matchAll(/^(\w+) (\w+)\(([^)]*)\);/gm))
    functions[name as string] = {
      result: result as string,
      parameters: (list as string).split(',').flatMap(declarations),
    };
  return { defines, enums, structs, functions };
}

/** `index_t h0, c0` is two. */
function declarations(text: string): Parameter[] {
  const [, type, names] = /^\s*(float \*|\w+ )\s*(.*?)\s*$/s.exec(text) ?? [];
  if (type === undefined || names === undefined) return [];
  return names.split(',').map((name) => ({ type: type.trim(), name: name.trim() }));
}
