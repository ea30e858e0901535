/* The gradients of weights, biases and x, from those of the gates' sums: one product each over all steps at once. */

#include "engine.h"
#include "product.h"

/* Rows that are summed in one go: 128 rows of 8 columns stay in the first-level cache, and short sums round less. */
#define SUM_ROWS 128

/* c = a @ b for ROWS rows of a that lie in depth groups: a[i][k] is at a + k * ROWS + i. */
NOINLINE void tile_grouped(float *c, long depth, const float *a, const float *b) {
  tile_of(ROWS, c, depth, a, 1, ROWS, b);
}

INLINE long grouped(long units) { return (units + ROWS - 1) / ROWS * ROWS; }

EXPORT(weight_gradient_scratch) int32_t weight_gradient_scratch(int32_t gates, int32_t units) {
  return (int32_t)(SUM_ROWS * (gates * grouped(units) + VL));
}

/* Each group of ROWS units of a gate as [rows][ROWS], group after group. */
INLINE void group_units(float *to, const float *dgates, long stride, const int32_t *slots, long rows, long gates,
                        long units) {
  for (long g = 0; g < gates; g++) {
    const float *gate = dgates + slots[g] * padded(units);
    for (long u = 0; u < units; u += ROWS)
      for (long m = 0; m < rows; m++, to += ROWS)
        for (long i = 0; i < ROWS; i++) to[i] = gate[m * stride + u + i];
  }
}

EXPORT(weight_gradient)
void weight_gradient(float *arena, index_t dgates, int32_t dgates_stride, index_t slot_of_gate, index_t x,
                     int32_t x_stride, index_t dw, int32_t rows, int32_t gates, int32_t units, int32_t columns,
                     index_t scratch) {
  const int32_t *slots = (const int32_t *)(arena + slot_of_gate);
  float *groups = arena + scratch, *panel = groups + SUM_ROWS * gates * grouped(units), *out = arena + dw;
  float c[ROWS * VL];
  for (long i = 0; i < (long)gates * units * columns; i++) out[i] = 0.f;
  for (long begin = 0; begin < rows; begin += SUM_ROWS) {
    long count = rows - begin < SUM_ROWS ? rows - begin : SUM_ROWS;
    group_units(groups, arena + dgates + begin * dgates_stride, dgates_stride, slots, count, gates, units);
    for (long j = 0; j < columns; j += VL) {
      for (long m = 0; m < count; m++)
        store(panel + m * VL, load_part(arena + x + (begin + m) * x_stride + j, columns - j));
      const float *group = groups;
      for (long g = 0; g < gates; g++) {
        for (long u = 0; u < units; u += ROWS, group += count * ROWS) {
          tile_grouped(c, count, group, panel);
          int left = rows_left(u, units);
          for (int k = 0; k < left; k++) {
            float *to = out + (g * units + u + k) * columns + j;
            store_part(to, load_part(to, columns - j) + load(c + k * VL), columns - j);
          }
        }
      }
    }
  }
}

EXPORT(bias_gradient)
void bias_gradient(float *arena, index_t dgates, int32_t dgates_stride, index_t slot_of_gate, index_t db, int32_t rows,
                   int32_t gates, int32_t units) {
  const int32_t *slots = (const int32_t *)(arena + slot_of_gate);
  for (long g = 0; g < gates; g++) {
    for (long u = 0; u < units; u += VL) {
      const float *gate = arena + dgates + slots[g] * padded(units) + u;
      vf total = {0};
      for (long begin = 0; begin < rows; begin += SUM_ROWS) {
        long end = rows - begin < SUM_ROWS ? rows : begin + SUM_ROWS;
        vf sum = {0};
        for (long m = begin; m < end; m++) sum += load(gate + m * dgates_stride);
        total += sum;
      }
      store_part(arena + db + g * units + u, total, units - u);
    }
  }
}

EXPORT(input_gradient)
void input_gradient(float *arena, index_t dgates, int32_t dgates_stride, index_t weight_t, int32_t depth, index_t dx,
                    int32_t dx_stride, int32_t rows, int32_t columns, int32_t add) {
  product(arena + dx, dx_stride, rows, columns, arena + dgates, dgates_stride, depth, arena + weight_t, 0,
          add ? FROM_OUT : FROM_ZERO);
}
