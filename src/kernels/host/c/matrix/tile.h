/*
 * The inner loops of the engine: tiles of a matrix product.
 *
 *     c[i][j] = sum over k < depth of a[i][k] * b[k][j]
 *
 * b is a packed panel: depth rows of VL floats, one after the other. c has rows of VL floats. Each function is out of line, so that
 * nothing around it can push the sums out of their registers: a spilled one costs 1.5x.
 */
#ifndef TILE_H
#define TILE_H

#include "../vec.h"

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

/* Many rows and one panel. a[i] is at a + i * row, and its next element `step` further. */
INLINE void tile_of(const int rows, float *c, long depth, const float *a, long row, const long step, const float *b) {
  vf sum[ROWS];
  const float *p[ROWS];
  UNROLL for (int i = 0; i < rows; i++) {
    sum[i] = (vf){0};
    p[i] = a + i * row;
  }
  UNROLL_DEPTH for (const float *end = b + depth * VL; b < end; b += VL) {
    vf column = load(b);
    UNROLL for (int i = 0; i < rows; i++) {
      IN_ORDER;
      sum[i] = multiply_add(broadcast(p[i]), column, sum[i]);
      p[i] += step;
    }
  }
  UNROLL for (int i = 0; i < rows; i++) store(c + i * VL, sum[i]);
}

/* X(rows) for each height of a tile. */
#define HEIGHTS_4(X) X(1) X(2) X(3) X(4)
#define HEIGHTS_6(X) HEIGHTS_4(X) X(5) X(6)
#define HEIGHTS_8(X) HEIGHTS_6(X) X(7) X(8)
#define HEIGHTS_12(X) HEIGHTS_8(X) X(9) X(10) X(11) X(12)
#define JOIN_HEIGHTS(rows) HEIGHTS_##rows
#define HEIGHTS(rows) JOIN_HEIGHTS(rows)

#define DEFINE_TILE(R) \
  NOINLINE void tile_##R(float *c, long depth, const float *a, long row, const float *b) { \
    tile_of(R, c, depth, a, row, 1, b); \
  }
HEIGHTS(ROWS)(DEFINE_TILE)
#undef DEFINE_TILE

/* c = a @ b for 1 to ROWS rows of a, each `depth` floats. */
INLINE void tile(int rows, float *c, long depth, const float *a, long row, const float *b) {
#define CASE_TILE(R) \
  case R: tile_##R(c, depth, a, row, b); return;
  switch (rows) { HEIGHTS(ROWS)(CASE_TILE) }
#undef CASE_TILE
}

/* Rows of the next tile where so many are left: the last two are about equally high, as a low one mostly waits for its sums. */
INLINE int rows_of_tile(long left) {
  if (left <= ROWS) return (int)left;
  return left < 2 * ROWS ? (int)((left + 1) / 2) : ROWS;
}

/*
 * One or two rows and several panels that lie `stride` floats apart. They share the broadcasts, and each sum has the others' to hide its
 * latency; one panel alone would mostly wait for it. c is one tile for each panel, `c_stride` apart.
 */
INLINE void panels_of(const int rows, const int panels, float *c, long c_stride, long depth, const float *a, long row,
                      const float *b, long stride) {
  vf sum[4][2];
  UNROLL for (int g = 0; g < panels; g++)
    UNROLL for (int i = 0; i < rows; i++) sum[g][i] = (vf){0};
  for (const float *end = a + depth; a < end; a++, b += VL) {
    vf x[2];
    UNROLL for (int i = 0; i < rows; i++) x[i] = broadcast(a + i * row);
    UNROLL for (int g = 0; g < panels; g++) {
      IN_ORDER;
      vf column = load(b + g * stride);
      UNROLL for (int i = 0; i < rows; i++) sum[g][i] = multiply_add(x[i], column, sum[g][i]);
    }
  }
  UNROLL for (int g = 0; g < panels; g++)
    UNROLL for (int i = 0; i < rows; i++) store(c + g * c_stride + i * VL, sum[g][i]);
}

#define DEFINE_PANELS(R, G) \
  NOINLINE void panels_##R##x##G(float *c, long c_stride, long depth, const float *a, long row, const float *b, long stride) { \
    panels_of(R, G, c, c_stride, depth, a, row, b, stride); \
  }
DEFINE_PANELS(1, 3)
DEFINE_PANELS(1, 4)
DEFINE_PANELS(2, 2)
#undef DEFINE_PANELS

#endif
