/* A product of many rows with a packed weight: tiles over blocks of rows that stay near the processor. */
#ifndef PRODUCT_H
#define PRODUCT_H

#include "tile.h"

/* 64 rows of 256 floats are 64 KB; 32 to 128 measured alike. */
#define ROW_BLOCK 64

enum start { FROM_ZERO, FROM_OUT };

/* Writes `count` rows of a tile to their place in the product. */
INLINE void put_tile(float *out, long out_stride, int count, int regs, const float *c, vf add, long columns, enum start start) {
  for (int r = 0; r < count; r++, c += regs * REG) {
    float *to = out + r * out_stride;
    vf sum = load_regs(regs, c) + add;
    if (start == FROM_OUT) sum += load_part(to, columns);
    store_part(to, sum, columns);
  }
}

/*
 * out[i][j] = (start) + sum over k < depth of a[i][k] * weight[k][j] + bias[j], for `rows` rows and `columns` columns.
 * bias may be absent; weight is panels of VL columns, each [depth][VL], the last one perhaps narrow.
 */
NOINLINE void product(float *out, long out_stride, long rows, long columns, const float *a, long a_stride, long depth,
                      const float *weight, const float *bias, enum start start) {
  float c[(ROWS > 4 ? ROWS : 4) * VL] __attribute__((aligned(64)));
  long first = 0;
  if (rows == 1) {
    for (; first + 4 * VL <= columns; first += 4 * VL) {
      panels_1x4(2, c, VL, depth, a, 0, weight + first * depth, VL * depth);
      for (int g = 0; g < 4; g++) {
        long j = first + g * VL;
        put_tile(out + j, out_stride, 1, 2, c + g * VL, bias ? load(bias + j) : (vf){0}, VL, start);
      }
    }
  }
  for (long block = 0; block < rows; block += ROW_BLOCK) {
    long end = rows - block < ROW_BLOCK ? rows : block + ROW_BLOCK;
    for (long j = first; j < columns; j += VL) {
      const float *panel = weight + j * depth;
      int regs = regs_of(columns - j);
      vf add = bias ? load_regs(regs, bias + j) : (vf){0};
      for (long i = block; i < end;) {
        int count = rows_of_tile(end - i);
        tile(count, regs, c, depth, a + i * a_stride, a_stride, panel);
        put_tile(out + i * out_stride + j, out_stride, count, regs, c, add, columns - j, start);
        i += count;
      }
    }
  }
}

#endif
