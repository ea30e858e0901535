/** One layer over the steps of a chunk, all directions: what host/c/passes/forward.c does. */

import type { Plan } from '../plan.js';
import type { Shader } from '../run.js';
import { ACTIVATIONS } from './activations.js';
import { constants, inputsOf, loadCode, productCode, STORE, TILE_UNIFORMS, tileCode } from './tiles.js';

/** What the code of a shader depends on beside the cell. */
export interface Variant {
  readonly threads: number;
  readonly isTraining: boolean;
}

const STATES = ['h', 'c'] as const;

/**
 * Inputs: packed weights, the projected input of each direction, the initial states, the lengths. The result has the layout of
 * `ForwardLayout`. The first chunk starts from the initial states, any other from those that the one before left.
 */
export function forwardShader(plan: Plan, { threads, isTraining }: Variant): Shader {
  const { call, shader, gates, hiddenSize, directions } = plan;
  const { cell, hasBias, hasLengths } = call;
  const states = STATES.slice(0, plan.states);
  const given = call.states > 0 ? states.map((state) => `${state}0`) : [];
  const projected = inputsOf('gx', directions);
  const key = [
    'torchForward',
    cell,
    hiddenSize,
    directions,
    threads,
    call.states,
    hasBias,
    hasLengths,
    isTraining,
  ];
  return {
    key: key.join('_'),
    inputs: ['weights', ...projected, ...given, ...(hasLengths ? ['lengths'] : [])],
    vectors: ['weights'],
    uniforms: [
      ...TILE_UNIFORMS,
      'layerRows',
      'sequenceAt',
      ...(isTraining ? ['slotsAt', 'slotFloats'] : []),
      ...states.map((state) => `${state}At`),
    ],
    threads,
    code: /* wgsl */ `
  ${constants(hiddenSize, directions, threads)}
  const GATES = ${gates};

  // h of the tile before a step and after it, by turns.
  var<workgroup> tile_h : array<vec4<f32>, 2 * 4 * QUADS>;

  ${ACTIVATIONS}
  ${tileCode(hasLengths)}
  ${projected.map((name) => loadCode(name)).join('')}
  ${given.map((name) => loadCode(name)).join('')}
  ${loadCode('result')}
  ${STORE}

  fn load_gx(direction : i32, at : vec4<i32>, rows : vec4<bool>) -> vec4<f32> {
    ${directions === 2 ? 'if (direction == 1) { return load_gx1(at, rows); }' : ''}
    return load_gx0(at, rows);
  }

  fn main(index : i32) {
    let lane = i32(localIndex);
    let tile = tile_of(index);
    let direction = tile.direction;
    // Of this layer: [D, B, H].
    let state_row = (uniforms.layerRows + direction * uniforms.batch + tile.rows) * H;
    ${states.includes('c') ? 'var tile_c : array<vec4<f32>, UNITS>;' : ''}

    for (var own = 0; own < UNITS; own++) {
      let u = lane + own * THREADS;
      if (u < H) {
        let at = state_row + u;
        if (uniforms.first == 0) {
          ${states.map((s) => `${tileState(s)} = ${given.length > 0 ? `load_${s}0(at, tile.exists)` : 'vec4<f32>()'};`).join('\n          ')}
        } else {
          ${states.map((s) => `${tileState(s)} = load_result(uniforms.${s}At + at, tile.exists);`).join('\n          ')}
        }
      }
    }
    workgroupBarrier();

    var before = 0;
    var after = 4 * QUADS;
    for (var s = uniforms.first; s < uniforms.first + uniforms.count; s++) {
      let t = select(s, uniforms.steps - 1 - s, direction == 1);
      // A row holds its states in steps that it does not have.
      let present = vec4<i32>(t) < tile.lengths;
      let row = t * uniforms.stepStride + tile.rows * uniforms.batchStride;
      for (var own = 0; own < UNITS; own++) {
        let u = lane + own * THREADS;
        if (u >= H) { break; }
        let weights_at = direction * (QUADS + 1) * GATES * H + u;
        ${productCode(
          shader.gates,
          'QUADS',
          (k) => `tile_h[before + ${k}]`,
          (gate) => `weights[weights_at + (q * GATES + ${shader.gates.indexOf(gate)}) * H]`,
        )}
        ${shader.gates
          .map(
            (gate, g) => `
        let gh_${gate} = sum_${gate}${hasBias ? ` + weights[weights_at + (QUADS * GATES + ${g}) * H].x` : ''};
        let gx_${gate} = load_gx(direction, (row * GATES + ${g}) * H + u, present);`,
          )
          .join('')}
        let h = tile_h[before + u];
        ${states.includes('c') ? 'let c = tile_c[own];' : ''}
        ${shader.forward}
        tile_h[after + u] = select(h, h_next, present);
        ${states.includes('c') ? 'tile_c[own] = select(c, c_next, present);' : ''}
        let y_at = uniforms.sequenceAt + (row * DIRECTIONS + direction) * H + u;
        store(y_at, tile.exists, select(vec4<f32>(), h_next, present));
        ${isTraining ? keepStep(plan, states) : ''}
      }
      workgroupBarrier();
      let turn = before;
      before = after;
      after = turn;
    }

    for (var own = 0; own < UNITS; own++) {
      let u = lane + own * THREADS;
      if (u < H) {
        store(uniforms.hAt + state_row + u, tile.exists, tile_h[before + u]);
        ${states.includes('c') ? 'store(uniforms.cAt + state_row + u, tile.exists, tile_c[own]);' : ''}
      }
    }
  }
  `,
  };
}

/** The place of a state of unit u = lane + own * THREADS. */
function tileState(state: string): string {
  return state === 'h' ? 'tile_h[u]' : 'tile_c[own]';
}

/** The states before a step, zeros where a row does not have it, and what the gradient needs of the step. */
function keepStep({ slots, shader }: Plan, states: readonly string[]): string {
  const kept = [...states, ...Object.values(shader.kept)];
  const lines = kept.map(
    (value, slot) =>
      `store(slot_at + ${slot} * uniforms.slotFloats, tile.exists, select(vec4<f32>(), ${value}, present));`,
  );
  return `
        let slot_at = uniforms.slotsAt + direction * ${slots} * uniforms.slotFloats + row * H + u;
        ${lines.join('\n        ')}`;
}
