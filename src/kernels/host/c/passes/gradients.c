/* The gradients of weights, biases and x, from those of the gates' sums: one product each over all steps at once. */

#include "../engine.h"
#include "../matrix/product.h"

/* Rows that are summed in one go: 128 rows of a panel stay in the first-level cache, and short sums round less. */
#define SUM_ROWS 128

/* c = a @ b for ROWS rows of a that lie in depth groups: a[i][k] is at a + k * ROWS + i. */
NOINLINE void tile_grouped(float *c, long depth, const float *a, const float *b) {
  tile_of(ROWS, 2, c, depth, a, 1, ROWS, b);
}
NOINLINE void narrow_tile_grouped(float *c, long depth, const float *a, const float *b) {
  tile_of(ROWS, 1, c, depth, a, 1, ROWS, b);
}

/* Floats from one group of ROWS units to the next: a line more than they take, or all would lie in the same few sets of the cache. */
INLINE long group_stride(long rows) { return rows * ROWS + 16; }

/* x in panels, and one gate in groups. */
EXPORT(weight_gradient_scratch) int32_t weight_gradient_scratch(int32_t units, int32_t columns) {
  int64_t groups = ((int64_t)units + ROWS - 1) / ROWS;
  return limited(SUM_ROWS * (int64_t)padded(columns) + groups * group_stride(SUM_ROWS));
}

/* Panels of VL columns, each [rows][VL], the last one perhaps narrow. */
INLINE void panels_of_x(float *to, const float *x, long rows, long columns) {
  for (long j = 0; j < columns; j += VL) {
    int regs = regs_of(columns - j);
    for (long m = 0; m < rows; m++, to += regs * REG) store_regs(regs, to, load_part(x + m * columns + j, columns - j));
  }
}

/* Each group of ROWS units of a gate as [rows][ROWS], group after group. Units beyond the end are zero. */
INLINE void group_units(float *to, const float *gate, long stride, long units, long rows) {
  for (long m = 0; m < rows; m++, gate += stride, to += ROWS) {
    float *group = to;
    long u = 0;
    for (; u + ROWS <= units; u += ROWS, group += group_stride(rows)) {
      /* By way of a copy: a compiler that takes the two for one buffer moves floats one by one. */
      float row[ROWS];
      __builtin_memcpy(row, gate + u, sizeof row);
      __builtin_memcpy(group, row, sizeof row);
    }
    for (long i = 0; u < units && i < ROWS; i++) group[i] = u + i < units ? gate[u + i] : 0.f;
  }
}

/* dw = (dw +) the tiles of the groups of a gate with one panel of x. */
INLINE void add_panel(float *dw, long columns, long units, const float *group, const float *panel, long rows, long j, int add) {
  float c[ROWS * VL] __attribute__((aligned(64)));
  int regs = regs_of(columns - j);
  for (long u = 0; u < units; u += ROWS, group += group_stride(rows)) {
    if (regs == 2) tile_grouped(c, rows, group, panel);
    else narrow_tile_grouped(c, rows, group, panel);
    int count = units - u < ROWS ? (int)(units - u) : ROWS;
    put_tile(dw + u * columns + j, columns, count, regs, c, (vf){0}, columns - j, add ? FROM_OUT : FROM_ZERO);
  }
}

EXPORT(weight_gradient) void weight_gradient(float *arena, index_t job) {
  const struct weight_gradient *w = (const struct weight_gradient *)(arena + job);
  const int32_t *slots = (const int32_t *)(arena + w->slot_of_gate);
  long units = w->unit_end - w->unit_begin, columns = w->columns, stride = w->dgates_stride;
  float *x_panels = arena + w->scratch, *groups = x_panels + SUM_ROWS * padded(columns), *dw = arena + w->dw;
  if (!w->add && w->rows == 0)
    for (long g = 0; g < w->gates; g++)
      for (long i = 0; i < units * columns; i++) dw[(g * w->units + w->unit_begin) * columns + i] = 0.f;
  for (long begin = 0; begin < w->rows; begin += SUM_ROWS) {
    long rows = w->rows - begin < SUM_ROWS ? w->rows - begin : SUM_ROWS;
    panels_of_x(x_panels, arena + w->x + begin * columns, rows, columns);
    /* Gate by gate: its groups, the panels and its part of dw stay in the second-level cache. */
    for (long g = 0; g < w->gates; g++) {
      const float *gate = arena + w->dgates + begin * stride + slots[g] * padded(w->units) + w->unit_begin;
      group_units(groups, gate, stride, units, rows);
      for (long j = 0; j < columns; j += VL)
        add_panel(dw + (g * w->units + w->unit_begin) * columns, columns, units, groups, x_panels + j * rows, rows, j,
                  w->add || begin > 0);
    }
  }
}

/* Sums of rows in halves, which rounds as often as there are halvings, and one after the other only in the last 16. */
static vf sum_of_rows(const float *row, long stride, long rows, int regs) {
  if (rows > 16) {
    long half = rows / 2;
    return sum_of_rows(row, stride, half, regs) + sum_of_rows(row + half * stride, stride, rows - half, regs);
  }
  vf sum = {0};
  for (; rows > 0; rows--, row += stride) sum += load_regs(regs, row);
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
      vf total = sum_of_rows(gate, dgates_stride, rows, regs_of(units - u));
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
