/**
 * What the recurrent shaders share. A workgroup owns a tile: up to four rows of the batch, in one direction. Each value of a
 * unit is a vector with a row a component. A thread owns the units `lane`, `lane + THREADS`, and so on.
 */

import { quads } from '../limits.js';

const COMPONENTS = ['x', 'y', 'z', 'w'] as const;

/** The rows of the tile: their places in the batch, and how many steps each has; rows that do not exist have none. */
export function tileCode(hasLengths: boolean): string {
  return /* wgsl */ `
  struct Tile {
    direction : i32,
    rows : vec4<i32>,
    exists : vec4<bool>,
    lengths : vec4<i32>,
  }

  fn tile_of(index : i32) -> Tile {
    let tile = index / THREADS;
    let direction = tile / uniforms.tiles;
    let component = vec4<i32>(0, 1, 2, 3);
    let rows = (tile % uniforms.tiles) * uniforms.tileRows + component;
    let exists = (component < vec4<i32>(uniforms.tileRows)) & (rows < vec4<i32>(uniforms.batch)) &
        vec4<bool>(direction < DIRECTIONS);
    return Tile(direction, rows, exists, lengths_of(rows, exists));
  }

  fn lengths_of(rows : vec4<i32>, exists : vec4<bool>) -> vec4<i32> {
    ${
      hasLengths
        ? `var given = vec4<i32>();
    ${eachRow((row) => `if (exists.${row}) { given.${row} = lengths[rows.${row}]; }`)}
    return clamp(given, vec4<i32>(), vec4<i32>(uniforms.steps));`
        : 'return select(vec4<i32>(), vec4<i32>(uniforms.steps), exists);'
    }
  }
  `;
}

/** A line for each row of a tile. */
function eachRow(line: (row: string) => string): string {
  return COMPONENTS.map(line).join('\n    ');
}

/** Names of the variables of a gate or state. */
export const inputsOf = (name: string, directions: number) =>
  Array.from({ length: directions }, (_, d) => `${name}${d}`);

/** `fn load_NAME(at, rows)`: elements of a buffer, of the rows that are wanted; zeros of the others, which are not read. */
export function loadCode(name: string, buffer = name): string {
  return /* wgsl */ `
  fn load_${name}(at : vec4<i32>, rows : vec4<bool>) -> vec4<f32> {
    var values = vec4<f32>();
    ${eachRow((row) => `if (rows.${row}) { values.${row} = ${buffer}[at.${row}]; }`)}
    return values;
  }
  `;
}

/** `fn store(at, rows, values)`: the rows that are wanted, into the result. */
export const STORE = /* wgsl */ `
  fn store(at : vec4<i32>, rows : vec4<bool>, values : vec4<f32>) {
    ${eachRow((row) => `if (rows.${row}) { result[at.${row}] = values.${row}; }`)}
  }
`;

/** Sizes that the code has as constants. H is one, since the size of workgroup memory is. */
export function constants(hiddenSize: number, directions: number, threads: number): string {
  return /* wgsl */ `
  const H = ${hiddenSize};
  const QUADS = ${quads(hiddenSize)};         // H in whole vectors
  const UNITS = ${Math.ceil(hiddenSize / threads)};         // that a thread owns at most
  const DIRECTIONS = ${directions};
  const THREADS = ${threads};
  `;
}

/** Uniforms of {@link tileCode} and of the walk over the steps. */
export const TILE_UNIFORMS = [
  'batch',
  'steps',
  'tiles',
  'tileRows',
  'stepStride',
  'batchStride',
  'first',
  'count',
];

/**
 * Adds products of packed weights with a vector of workgroup memory, four of its elements at a time: `sum_NAME` for each
 * name, by the weights at `offset(name)` of each quad.
 *
 * @param vector the expression of its element `k`, which is a vec4 of rows.
 */
export function productCode(
  names: readonly string[],
  count: string,
  vector: (k: string) => string,
  weight: (name: string) => string,
): string {
  const each = (line: (name: string) => string) => names.map(line).join('\n          ');
  return /* wgsl */ `
      ${each((name) => `var sum_${name} = vec4<f32>();`)}
      if (uniforms.tileRows == 1) {
        for (var q = 0; q < ${count}; q++) {
          let v = vec4<f32>(${[0, 1, 2, 3].map((k) => `${vector(`4 * q + ${k}`)}.x`).join(', ')});
          ${each((name) => `sum_${name}.x += dot(${weight(name)}, v);`)}
        }
      } else {
        for (var q = 0; q < ${count}; q++) {
          let v = mat4x4<f32>(${[0, 1, 2, 3].map((k) => vector(`4 * q + ${k}`)).join(', ')});
          ${each((name) => `sum_${name} += v * ${weight(name)};`)}
        }
      }`;
}
