/*
 * The inner loops of the engine: tiles of a matrix product.
 *
 *     c[i][j] = sum over k < depth of a[i][k] * b[k][j]
 *
 * b is a packed panel: depth rows of one or two registers, one after the other. c has such rows, too. Each function is out of line, so
 * that nothing around it can push the sums out of their registers: a spilled one costs 1.5x.
 */
#ifndef TILE_H
#define TILE_H

#include "../vec.h"

INLINE reg broadcast(const float *p) {
#ifdef __wasm__
  /* Through a load that splats into four lanes. */
  return (reg){p[0], p[0], p[0], p[0]};
#else
  return low_half(splat(*p));
#endif
}

/* sum += x * column, in so many registers. */
INLINE void add_product(const int regs, reg *sum, reg x, vf column) {
  sum[0] = multiply_add_reg(x, low_half(column), sum[0]);
  if (regs == 2) sum[1] = multiply_add_reg(x, high_half(column), sum[1]);
}

/* As one vector: clang for WebAssembly folds the distance of the two halves into its instructions only then. */
INLINE void store_sum(const int regs, float *c, const reg *sum) { store_regs(regs, c, joined(sum[0], sum[1])); }

/* Many rows and one panel of so many registers. a[i] is at a + i * row, and its next element `step` further. */
INLINE void tile_of(const int rows, const int regs, float *c, long depth, const float *a, long row, const long step, const float *b) {
  reg sum[ROWS][2];
  const float *p[ROWS];
  UNROLL for (int i = 0; i < rows; i++) {
    sum[i][0] = sum[i][1] = (reg){0};
    p[i] = a + i * row;
  }
  UNROLL_DEPTH for (const float *end = b + depth * regs * REG; b < end; b += regs * REG) {
    vf column = load_regs(regs, b);
    UNROLL for (int i = 0; i < rows; i++) {
      IN_ORDER;
      add_product(regs, sum[i], broadcast(p[i]), column);
      p[i] += step;
    }
  }
  UNROLL for (int i = 0; i < rows; i++) store_sum(regs, c + i * regs * REG, sum[i]);
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
    tile_of(R, 2, c, depth, a, row, 1, b); \
  } \
  NOINLINE void narrow_tile_##R(float *c, long depth, const float *a, long row, const float *b) { \
    tile_of(R, 1, c, depth, a, row, 1, b); \
  }
HEIGHTS(ROWS)(DEFINE_TILE)
#undef DEFINE_TILE

/* c = a @ b for 1 to ROWS rows of a, each `depth` floats. */
INLINE void tile(int rows, int regs, float *c, long depth, const float *a, long row, const float *b) {
#define CASE_TILE(R) \
  case R: tile_##R(c, depth, a, row, b); return;
#define CASE_NARROW(R) \
  case R: narrow_tile_##R(c, depth, a, row, b); return;
  if (regs == 2) switch (rows) { HEIGHTS(ROWS)(CASE_TILE) }
  else switch (rows) { HEIGHTS(ROWS)(CASE_NARROW) }
#undef CASE_TILE
#undef CASE_NARROW
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
INLINE void panels_of(const int rows, const int panels, const int regs, float *c, long c_stride, long depth, const float *a,
                      long row, const float *b, long stride) {
  reg sum[4][2][2];
  UNROLL for (int g = 0; g < panels; g++)
    UNROLL for (int i = 0; i < rows; i++) sum[g][i][0] = sum[g][i][1] = (reg){0};
  for (const float *end = a + depth; a < end; a++, b += regs * REG) {
    reg x[2];
    UNROLL for (int i = 0; i < rows; i++) x[i] = broadcast(a + i * row);
    UNROLL for (int g = 0; g < panels; g++) {
      IN_ORDER;
      vf column = load_regs(regs, b + g * stride);
      UNROLL for (int i = 0; i < rows; i++) add_product(regs, sum[g][i], x[i], column);
    }
  }
  UNROLL for (int g = 0; g < panels; g++)
    UNROLL for (int i = 0; i < rows; i++) store_sum(regs, c + g * c_stride + i * regs * REG, sum[g][i]);
}

#define DEFINE_PANELS(R, G) \
  NOINLINE void wide_panels_##R##x##G(float *c, long c_stride, long depth, const float *a, long row, const float *b, long stride) { \
    panels_of(R, G, 2, c, c_stride, depth, a, row, b, stride); \
  } \
  NOINLINE void narrow_panels_##R##x##G(float *c, long c_stride, long depth, const float *a, long row, const float *b, long stride) { \
    panels_of(R, G, 1, c, c_stride, depth, a, row, b, stride); \
  } \
  INLINE void panels_##R##x##G(int regs, float *c, long c_stride, long depth, const float *a, long row, const float *b, \
                               long stride) { \
    if (regs == 2) wide_panels_##R##x##G(c, c_stride, depth, a, row, b, stride); \
    else narrow_panels_##R##x##G(c, c_stride, depth, a, row, b, stride); \
  }
DEFINE_PANELS(1, 3)
DEFINE_PANELS(1, 4)
DEFINE_PANELS(2, 2)
#undef DEFINE_PANELS

#endif
