/* Sums that no processor here has the registers for: what the check has to find. */
#include "vec.h"

#define SUMS 40

void tile_spilling(float *c, long depth, const float *a, const float *b);
void tile_spilling(float *c, long depth, const float *a, const float *b) {
  vf sum[SUMS];
  UNROLL for (int i = 0; i < SUMS; i++) sum[i] = (vf){0};
  for (const float *end = b + depth; b < end; b += VL, a += SUMS) {
    vf column = load(b);
    UNROLL for (int i = 0; i < SUMS; i++) sum[i] = multiply_add(splat(a[i]), column, sum[i]);
  }
  UNROLL for (int i = 0; i < SUMS; i++) store(c + i * VL, sum[i]);
}
