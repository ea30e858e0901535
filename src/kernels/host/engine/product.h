/* A product of many rows with a packed weight: tiles over blocks of rows that stay in the first-level cache. */
#ifndef PRODUCT_H
#define PRODUCT_H

#include "tile.h"

/* 64 rows of 256 floats are 64 KB; 32 to 128 measured alike. */
#define ROW_BLOCK 64

enum start { FROM_ZERO, FROM_OUT };

/*
 * out[i][j] = (start) + sum over k < depth of a[i][k] * weight[k][j] + bias[j], for `rows` rows and `columns` columns.
 * bias may be absent; weight is panels of VL columns, each [depth][VL].
 */
NOINLINE void product(float *out, long out_stride, long rows, long columns, const float *a, long a_stride, long depth,
                      const float *weight, const float *bias, enum start start) {
  float c[ROWS * VL];
  for (long block = 0; block < rows; block += ROW_BLOCK) {
    long end = rows - block < ROW_BLOCK ? rows : block + ROW_BLOCK;
    for (long j = 0; j < columns; j += VL) {
      const float *panel = weight + j * depth;
      vf add = bias ? load(bias + j) : (vf){0};
      for (long i = block; i < end; i += ROWS) {
        int count = rows_left(i, end);
        tile(count, c, depth, a + i * a_stride, a_stride, panel);
        for (int r = 0; r < count; r++) {
          float *to = out + (i + r) * out_stride + j;
          vf sum = load(c + r * VL) + add;
          if (start == FROM_OUT) sum += load_part(to, columns - j);
          store_part(to, sum, columns - j);
        }
      }
    }
  }
}

#endif
