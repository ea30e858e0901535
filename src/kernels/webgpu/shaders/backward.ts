/** One layer backward through the steps of a chunk, all directions: what host/c/passes/backward.c does. */

import type { Plan } from '../plan.js';
import type { Shader } from '../run.js';
import { ACTIVATIONS } from './activations.js';
import { constants, loadCode, productCode, STORE, TILE_UNIFORMS, tileCode } from './tiles.js';

const STATES = ['h', 'c'] as const;

/**
 * Inputs: packed weights, the reserve, the gradients of the layer's output and of the final states, the lengths. The result has
 * the layout of `BackwardLayout`. The first chunk starts from the gradients of the final states, any other from those that the
 * one before left; steps are counted from the end.
 */
export function backwardShader(plan: Plan, threads: number): Shader {
  const { call, shader, gates, hiddenSize, directions, slots } = plan;
  const { cell, hasLengths } = call;
  const { inputGradients, stateGradients } = shader;
  const states = STATES.slice(0, plan.states);
  const kept = [...states, ...Object.keys(shader.kept)];
  const hasC = states.length > 1;
  const areSame = inputGradients === stateGradients;
  const finals = states.map((state) => `d${state}n`);
  return {
    key: ['torchBackward', cell, hiddenSize, directions, threads, hasLengths].join('_'),
    inputs: ['weights', 'reserve', 'dy', ...finals, ...(hasLengths ? ['lengths'] : [])],
    vectors: ['weights'],
    uniforms: [
      ...TILE_UNIFORMS,
      'layerRows',
      'slotsAt',
      'slotFloats',
      'inputGradientsAt',
      'stateGradientsAt',
      'directionFloats',
      ...states.map((state) => `${state}At`),
    ],
    threads,
    code: /* wgsl */ `
  ${constants(hiddenSize, directions, threads)}
  const GATES = ${gates};

  // The gradients of W_hh h + b_hh at one step, by gate.
  var<workgroup> tile_d : array<vec4<f32>, GATES * 4 * QUADS>;

  ${ACTIVATIONS}
  ${tileCode(hasLengths)}
  ${['reserve', 'dy', ...finals, 'result'].map((name) => loadCode(name)).join('')}
  ${STORE}

  fn main(index : i32) {
    let lane = i32(localIndex);
    let tile = tile_of(index);
    let direction = tile.direction;
    // Of this layer: [D, B, H].
    let state_row = (uniforms.layerRows + direction * uniforms.batch + tile.rows) * H;
    // The gradients of the states after a step, then of those before it.
    ${states.map((s) => `var tile_d${s} : array<vec4<f32>, UNITS>;`).join('\n    ')}

    for (var own = 0; own < UNITS; own++) {
      let u = lane + own * THREADS;
      if (u < H) {
        let at = state_row + u;
        if (uniforms.first == 0) {
          ${states.map((s) => `tile_d${s}[own] = load_d${s}n(at, tile.exists);`).join('\n          ')}
        } else {
          ${states.map((s) => `tile_d${s}[own] = load_result(uniforms.${s}At + at, tile.exists);`).join('\n          ')}
        }
      }
    }

    for (var s = uniforms.first; s < uniforms.first + uniforms.count; s++) {
      let t = select(uniforms.steps - 1 - s, s, direction == 1);
      // Gradients pass by the steps that a row does not have.
      let present = vec4<i32>(t) < tile.lengths;
      let row = t * uniforms.stepStride + tile.rows * uniforms.batchStride;
      for (var own = 0; own < UNITS; own++) {
        let u = lane + own * THREADS;
        if (u >= H) { break; }
        let slot_at = uniforms.slotsAt + direction * ${slots} * uniforms.slotFloats + row * H + u;
        ${kept
          .map(
            (name, slot) => `let ${name} = load_reserve(slot_at + ${slot} * uniforms.slotFloats, present);`,
          )
          .join('\n        ')}
        let dh = tile_dh[own] + load_dy((row * DIRECTIONS + direction) * H + u, present);
        ${hasC ? 'let dc = tile_dc[own];' : ''}
        ${shader.backward}
        tile_dh[own] = select(tile_dh[own], dh_before, present);
        ${hasC ? 'tile_dc[own] = select(dc, dc_before, present);' : ''}
        let gates_at = direction * uniforms.directionFloats + row * GATES * H + u;
        ${inputGradients.map((gradient, g) => storeGradient('inputGradientsAt', g, gradient)).join('\n        ')}
        ${areSame ? '' : stateGradients.map((gradient, g) => storeGradient('stateGradientsAt', g, gradient)).join('\n        ')}
        ${stateGradients
          .map((gradient, g) => `tile_d[${g} * 4 * QUADS + u] = select(vec4<f32>(), ${gradient}, present);`)
          .join('\n        ')}
      }
      workgroupBarrier();
      for (var own = 0; own < UNITS; own++) {
        let u = lane + own * THREADS;
        if (u >= H) { break; }
        let weights_at = direction * GATES * QUADS * H + u;
        // W_hh^T d
        ${productCode(
          ['dh'],
          'GATES * QUADS',
          (k) => `tile_d[${k}]`,
          () => 'weights[weights_at + q * H]',
        )}
        tile_dh[own] += sum_dh;
      }
      workgroupBarrier();
    }

    for (var own = 0; own < UNITS; own++) {
      let u = lane + own * THREADS;
      if (u < H) {
        ${states.map((s) => `store(uniforms.${s}At + state_row + u, tile.exists, tile_d${s}[own]);`).join('\n        ')}
      }
    }
  }
  `,
  };
}

function storeGradient(at: string, gate: number, gradient: string): string {
  return `store(uniforms.${at} + gates_at + ${gate} * H, tile.exists, select(vec4<f32>(), ${gradient}, present));`;
}
