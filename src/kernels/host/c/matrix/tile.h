/*
 * The one inner loop of the engine: a tile of up to ROWS rows and VL columns of a matrix product.
 *
 *     c[i][j] = sum over k < depth of a[i][k] * b[k][j]
 *
 * b is a packed panel: depth rows of VL floats, one after the other. Out of line, so that nothing around it can push the
 * accumulators out of their registers: one spilled accumulator costs 1.5x. 4 rows of 8 columns are 8 registers of
 * accumulators, 2 of b and 1 of a, of the 15 that V8 has.
 */
#ifndef TILE_H
#define TILE_H

#include "../vec.h"

/* Keeps the compiler from moving all loads of a step in front of its arithmetic, where they would spill. */
#ifdef __wasm__
#define IN_ORDER __asm__ volatile("" ::: "memory")
#else
#define IN_ORDER
#endif

INLINE vf broadcast(const float *p) {
#ifdef __wasm__
  /* Through a load that splats into four lanes: VL is two registers, and both are the same one. */
  typedef float v4 __attribute__((vector_size(16)));
  v4 s = {p[0], p[0], p[0], p[0]};
  return __builtin_shufflevector(s, s, 0, 1, 2, 3, 0, 1, 2, 3);
#else
  return splat(*p);
#endif
}

/* a[i] is at a + i * row, and its next element `step` further. c is `rows` times VL floats. */
INLINE void tile_of(const int rows, float *c, long depth, const float *a, long row, const long step, const float *b) {
  vf sum[ROWS];
  const float *p[ROWS];
  UNROLL for (int i = 0; i < rows; i++) {
    sum[i] = (vf){0};
    p[i] = a + i * row;
  }
  for (const float *end = b + depth * VL; b < end; b += VL) {
    vf column = load(b);
    UNROLL for (int i = 0; i < rows; i++) {
      IN_ORDER;
      sum[i] = multiply_add(broadcast(p[i]), column, sum[i]);
      p[i] += step;
    }
  }
  UNROLL for (int i = 0; i < rows; i++) store(c + i * VL, sum[i]);
}

#define DEFINE_TILE(R) \
  NOINLINE void tile_##R(float *c, long depth, const float *a, long row, const float *b) { \
    tile_of(R, c, depth, a, row, 1, b); \
  }
DEFINE_TILE(1)
DEFINE_TILE(2)
DEFINE_TILE(3)
DEFINE_TILE(4)
#undef DEFINE_TILE

/* c = a @ b for 1 to ROWS rows of a, each `depth` floats. */
INLINE void tile(int rows, float *c, long depth, const float *a, long row, const float *b) {
  switch (rows) {
    case 1: tile_1(c, depth, a, row, b); return;
    case 2: tile_2(c, depth, a, row, b); return;
    case 3: tile_3(c, depth, a, row, b); return;
    default: tile_4(c, depth, a, row, b);
  }
}

/*
 * One row of a times `gates` panels that lie `stride` floats apart. They share the broadcasts, and each sum has the others' to
 * hide its latency; one panel alone would mostly wait for it. c is `gates` times VL floats, `c_stride` apart.
 */
INLINE void row_of(const int gates, float *c, long c_stride, long depth, const float *a, const float *b, long stride) {
  vf sum[4];
  UNROLL for (int g = 0; g < gates; g++) sum[g] = (vf){0};
  for (const float *end = a + depth; a < end; a++, b += VL) {
    vf x = broadcast(a);
    UNROLL for (int g = 0; g < gates; g++) {
      IN_ORDER;
      sum[g] = multiply_add(x, load(b + g * stride), sum[g]);
    }
  }
  UNROLL for (int g = 0; g < gates; g++) store(c + g * c_stride, sum[g]);
}

#define DEFINE_ROW(G) \
  NOINLINE void row_##G(float *c, long c_stride, long depth, const float *a, const float *b, long stride) { \
    row_of(G, c, c_stride, depth, a, b, stride); \
  }
DEFINE_ROW(3)
DEFINE_ROW(4)
#undef DEFINE_ROW

/* Two rows of a times two panels, `stride` floats apart. c is two tiles, `c_stride` apart. */
NOINLINE void tile_2x2(float *c, long c_stride, long depth, const float *a, long row, const float *b, long stride) {
  vf sum[2][2] = {{{0}, {0}}, {{0}, {0}}};
  for (const float *end = a + depth; a < end; a++, b += VL) {
    vf x0 = broadcast(a), x1 = broadcast(a + row);
    UNROLL for (int g = 0; g < 2; g++) {
      IN_ORDER;
      vf column = load(b + g * stride);
      sum[g][0] = multiply_add(x0, column, sum[g][0]);
      sum[g][1] = multiply_add(x1, column, sum[g][1]);
    }
  }
  UNROLL for (int g = 0; g < 2; g++) {
    store(c + g * c_stride, sum[g][0]);
    store(c + g * c_stride + VL, sum[g][1]);
  }
}

/* c[g] = a @ b[g] for every gate g: c is gates tiles of ROWS x VL floats, b panels `stride` apart. */
INLINE void gate_tiles(const int gates, int rows, float *c, long depth, const float *a, long row, const float *b,
                       long stride) {
  if (rows == 1 && gates == 3) {
    row_3(c, ROWS * VL, depth, a, b, stride);
  } else if (rows == 1 && gates == 4) {
    row_4(c, ROWS * VL, depth, a, b, stride);
  } else {
    int g = 0;
    for (; rows == 2 && g + 2 <= gates; g += 2)
      tile_2x2(c + g * ROWS * VL, ROWS * VL, depth, a, row, b + g * stride, stride);
    for (; g < gates; g++) tile(rows, c + g * ROWS * VL, depth, a, row, b + g * stride);
  }
}

INLINE int rows_left(long begin, long end) { return end - begin < ROWS ? (int)(end - begin) : ROWS; }

#endif
