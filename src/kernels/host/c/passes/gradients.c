/* The gradients of weights, biases and x, from those of the gates' sums: one product each over all steps at once. */

#include "../engine.h"
#include "../matrix/product.h"

/* Rows that are summed in one go: 128 rows of 8 columns stay in the first-level cache, and short sums round less. */
#define SUM_ROWS 128

/* c = a @ b for ROWS rows of a that lie in depth groups: a[i][k] is at a + k * ROWS + i. */
NOINLINE void tile_grouped(float *c, long depth, const float *a, const float *b) {
  tile_of(ROWS, c, depth, a, 1, ROWS, b);
}

INLINE long grouped(long units) { return (units + ROWS - 1) / ROWS * ROWS; }

EXPORT(weight_gradient_scratch) int32_t weight_gradient_scratch(int32_t gates, int32_t units) {
  return limited((int64_t)SUM_ROWS * (gates * grouped(units) + VL));
}

/* Each group of ROWS units of a gate as [rows][ROWS], group after group. */
INLINE void group_units(float *to, const float *dgates, const struct weight_gradient *w, const int32_t *slots,
                        long rows) {
  for (long g = 0; g < w->gates; g++) {
    const float *gate = dgates + slots[g] * padded(w->units);
    for (long u = w->unit_begin; u < w->unit_end; u += ROWS)
      for (long m = 0; m < rows; m++, to += ROWS)
        for (long i = 0; i < ROWS; i++) to[i] = gate[m * w->dgates_stride + u + i];
  }
}

/* dw += the tiles of the groups with one panel of x. */
INLINE void add_panel(float *dw, const struct weight_gradient *w, const float *group, const float *panel, long rows,
                      long j) {
  float c[ROWS * VL];
  long columns = w->columns;
  for (long g = 0; g < w->gates; g++) {
    for (long u = w->unit_begin; u < w->unit_end; u += ROWS, group += rows * ROWS) {
      tile_grouped(c, rows, group, panel);
      int count = rows_left(u, w->unit_end);
      for (int k = 0; k < count; k++) {
        float *to = dw + (g * w->units + u + k) * columns + j;
        store_part(to, load_part(to, columns - j) + load(c + k * VL), columns - j);
      }
    }
  }
}

EXPORT(weight_gradient) void weight_gradient(float *arena, index_t job) {
  const struct weight_gradient *w = (const struct weight_gradient *)(arena + job);
  const int32_t *slots = (const int32_t *)(arena + w->slot_of_gate);
  long units = w->unit_end - w->unit_begin, columns = w->columns;
  float *groups = arena + w->scratch, *panel = groups + SUM_ROWS * w->gates * grouped(units), *dw = arena + w->dw;
  if (!w->add)
    for (long g = 0; g < w->gates; g++)
      for (long i = 0; i < units * columns; i++) dw[(g * w->units + w->unit_begin) * columns + i] = 0.f;
  for (long begin = 0; begin < w->rows; begin += SUM_ROWS) {
    long rows = w->rows - begin < SUM_ROWS ? w->rows - begin : SUM_ROWS;
    group_units(groups, arena + w->dgates + begin * w->dgates_stride, w, slots, rows);
    for (long j = 0; j < columns; j += VL) {
      for (long m = 0; m < rows; m++)
        store(panel + m * VL, load_part(arena + w->x + (begin + m) * columns + j, columns - j));
      add_panel(dw, w, groups, panel, rows, j);
    }
  }
}

/* Sums of rows in halves, which rounds as often as there are halvings, and one after the other only in the last 16. */
static vf sum_of_rows(const float *row, long stride, long rows) {
  if (rows > 16) {
    long half = rows / 2;
    return sum_of_rows(row, stride, half) + sum_of_rows(row + half * stride, stride, rows - half);
  }
  vf sum = {0};
  for (; rows > 0; rows--, row += stride) sum += load(row);
  return sum;
}

EXPORT(bias_gradient)
void bias_gradient(float *arena, index_t dgates, int32_t dgates_stride, index_t slot_of_gate, index_t db, int32_t rows,
                   int32_t gates, int32_t units, int32_t add) {
  const int32_t *slots = (const int32_t *)(arena + slot_of_gate);
  for (long g = 0; g < gates; g++) {
    for (long u = 0; u < units; u += VL) {
      const float *gate = arena + dgates + slots[g] * padded(units) + u;
      float *to = arena + db + g * units + u;
      vf total = sum_of_rows(gate, dgates_stride, rows);
      if (add) total += load_part(to, units - u);
      store_part(to, total, units - u);
    }
  }
}

EXPORT(input_gradient) void input_gradient(float *arena, index_t job) {
  const struct input_gradient *g = (const struct input_gradient *)(arena + job);
  product(arena + g->dx, g->columns, g->rows, g->columns, arena + g->dgates, g->dgates_stride, g->depth,
          arena + g->weight_t, 0, g->add ? FROM_OUT : FROM_ZERO);
}
