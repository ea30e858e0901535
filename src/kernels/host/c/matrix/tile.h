/*
 * The inner loops of the engine: tiles of a matrix product.
 *
 *     c[i][j] = sum over k < depth of a[i][k] * b[k][j]
 *
 * b is a packed panel: depth rows of up to WIDE vectors, one after the other. c has rows of PANEL floats. Each function is out of line,
 * so that nothing around it can push the sums out of their registers: a spilled one costs 1.5x.
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
INLINE void tile_of(const int rows, const int vectors, float *c, long depth, const float *a, long row, const long step,
                    const float *b) {
  vf sum[ROWS][WIDE];
  const float *p[ROWS];
  UNROLL for (int i = 0; i < rows; i++) {
    UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = (vf){0};
    p[i] = a + i * row;
  }
  for (const float *end = b + depth * vectors * VL; b < end; b += vectors * VL) {
    vf column[WIDE];
    UNROLL for (int v = 0; v < vectors; v++) column[v] = load(b + v * VL);
    UNROLL for (int i = 0; i < rows; i++) {
      IN_ORDER;
      vf x = broadcast(p[i]);
      UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = multiply_add(x, column[v], sum[i][v]);
      p[i] += step;
    }
  }
  UNROLL for (int i = 0; i < rows; i++)
    UNROLL for (int v = 0; v < vectors; v++) store(c + i * PANEL + v * VL, sum[i][v]);
}

/* X(rows, vectors) for each height of a tile. */
#define HEIGHTS_4(X, V) X(1, V) X(2, V) X(3, V) X(4, V)
#define HEIGHTS_6(X, V) HEIGHTS_4(X, V) X(5, V) X(6, V)
#define HEIGHTS_8(X, V) HEIGHTS_6(X, V) X(7, V) X(8, V)
#define HEIGHTS_12(X, V) HEIGHTS_8(X, V) X(9, V) X(10, V) X(11, V) X(12, V)
#define JOIN_HEIGHTS(rows) HEIGHTS_##rows
#define HEIGHTS(rows) JOIN_HEIGHTS(rows)

#define DEFINE_TILE(R, V) \
  NOINLINE void tile_##R##x##V(float *c, long depth, const float *a, long row, const float *b) { \
    tile_of(R, V, c, depth, a, row, 1, b); \
  }
#define CASE_TILE(R, V) \
  case R: tile_##R##x##V(c, depth, a, row, b); return;
HEIGHTS(ROWS)(DEFINE_TILE, 1)
#if WIDE == 2
HEIGHTS(ROWS)(DEFINE_TILE, 2)
#endif

/* c = a @ b for 1 to ROWS rows of a, each `depth` floats, and a panel of so many vectors. */
INLINE void tile(int rows, int vectors, float *c, long depth, const float *a, long row, const float *b) {
#if WIDE == 2
  if (vectors == 2) switch (rows) { HEIGHTS(ROWS)(CASE_TILE, 2) }
#endif
  (void)vectors;
  switch (rows) { HEIGHTS(ROWS)(CASE_TILE, 1) }
}

/*
 * One or two rows and several panels that lie `stride` floats apart. They share the broadcasts, and each sum has the others' to hide its
 * latency; one panel alone would mostly wait for it. c is one tile for each panel, `c_stride` apart.
 */
INLINE void panels_of(const int rows, const int panels, const int vectors, float *c, long c_stride, long depth, const float *a,
                      long row, const float *b, long stride) {
  vf sum[4][2][WIDE];
  UNROLL for (int g = 0; g < panels; g++)
    UNROLL for (int i = 0; i < rows; i++)
      UNROLL for (int v = 0; v < vectors; v++) sum[g][i][v] = (vf){0};
  for (const float *end = a + depth; a < end; a++, b += vectors * VL) {
    vf x[2];
    UNROLL for (int i = 0; i < rows; i++) x[i] = broadcast(a + i * row);
    UNROLL for (int g = 0; g < panels; g++) {
      IN_ORDER;
      UNROLL for (int v = 0; v < vectors; v++) {
        vf column = load(b + g * stride + v * VL);
        UNROLL for (int i = 0; i < rows; i++) sum[g][i][v] = multiply_add(x[i], column, sum[g][i][v]);
      }
    }
  }
  UNROLL for (int g = 0; g < panels; g++)
    UNROLL for (int i = 0; i < rows; i++)
      UNROLL for (int v = 0; v < vectors; v++) store(c + g * c_stride + i * PANEL + v * VL, sum[g][i][v]);
}

#define DEFINE_PANELS(R, G, V) \
  NOINLINE void panels_##R##x##G##x##V(float *c, long c_stride, long depth, const float *a, long row, const float *b, long stride) { \
    panels_of(R, G, V, c, c_stride, depth, a, row, b, stride); \
  }
#define CASE_PANELS(R, G, V) \
  if (rows == R && panels == G && vectors == V) { \
    panels_##R##x##G##x##V(c, c_stride, depth, a, row, b, stride); \
    return; \
  }
#define SHAPES(X, V) X(1, 3, V) X(1, 4, V) X(2, 2, V)
SHAPES(DEFINE_PANELS, 1)
#if WIDE == 2
SHAPES(DEFINE_PANELS, 2)
#endif

/* c[g] = a @ b[g]: 3 or 4 panels for one row, 2 for two rows. */
INLINE void panels(int rows, const int panels, int vectors, float *c, long c_stride, long depth, const float *a, long row,
                   const float *b, long stride) {
  SHAPES(CASE_PANELS, 1)
#if WIDE == 2
  SHAPES(CASE_PANELS, 2)
#endif
}

/* Vectors of a panel of which so many columns are left. */
INLINE int vectors_left(long columns) { return columns > PANEL - VL ? WIDE : (int)((columns + VL - 1) / VL); }

/* Rows of the next tile where so many are left: the last two are about equally high, as a low one mostly waits for its sums. */
INLINE int rows_of_tile(long left) {
  if (left <= ROWS) return (int)left;
  return left < 2 * ROWS ? (int)((left + 1) / 2) : ROWS;
}

#endif
