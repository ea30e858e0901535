/*
 * One direction of one layer backward through time: the gradient of every gate's sum, of h0 and c0. The gradients of the
 * weights and of x are products with these, and are made where they are wanted.
 */

#include "../cells/cells.h"
#include "../matrix/product.h"
#include "walk.h"

/* What the steps of one call share. Strides and sizes in floats. */
struct backward_run {
  long hidden, hidden_padded, out, out_padded; /* H, Hp, S, Sp */
  float *dh;                                   /* [B, Sp], of h after the current step */
  float *dc;                                   /* [B, Hp], LSTM */
  float *dm;                                   /* [B, Hp], LSTM with a projection */
};

EXPORT(backward_scratch)
int32_t backward_scratch(int32_t cell, int32_t batch, int32_t hidden_size, int32_t proj_size) {
  long hidden = padded(hidden_size), out = padded(proj_size ? proj_size : hidden_size);
  int64_t floats = (int64_t)batch * out;
  if (cell == CELL_LSTM) floats += (int64_t)batch * hidden * (proj_size ? 2 : 1);
  return limited(floats);
}

INLINE struct backward_run start_run(const int cell, float *arena, const struct direction *d) {
  struct backward_run run = {.hidden = d->hidden_size, .out = d->proj_size ? d->proj_size : d->hidden_size};
  run.hidden_padded = padded(run.hidden);
  run.out_padded = padded(run.out);
  run.dh = arena + d->scratch;
  run.dc = run.dh + d->batch * run.out_padded;
  run.dm = cell == CELL_LSTM ? run.dc + d->batch * run.hidden_padded : 0;
  return run;
}

/* The packed row of sorted row i one step before the current one, as the direction ran; -1 where it started here. */
INLINE long row_before(const struct walk *w, long i) {
  /* The walk goes against the direction: its next step is the one that the direction had before. */
  if (!w->upwards) return w->t > 0 ? w->first - w->counts[w->t - 1] + i : -1;
  return i < next_count(w) ? w->first + w->count + i : -1;
}

/* h that each step started from, for all packed rows: the products with the weights read it in this order. */
INLINE void fill_h_before(float *arena, const struct direction *d, const struct backward_run *run) {
  const float *h0 = d->h0 ? arena + d->h0 : 0;
  struct walk w = start_walk(arena, d, d->reverse);
  while (next_step(&w)) {
    for (long i = 0; i < w.count; i++) {
      long before = row_before(&w, i);
      const float *from = before >= 0 ? arena + d->y + before * d->y_stride : h0 ? h0 + w.order[i] * run->out : 0;
      float *to = arena + d->h_before + (w.first + i) * run->out;
      for (long j = 0; j < run->out; j += VL)
        store_part(to + j, from ? load_part(from + j, run->out - j) : (vf){0}, run->out - j);
    }
  }
}

/* dh += dy; with a projection also keeps dh, and sets dm = W_hr^T dh. */
INLINE void add_output_gradient(float *arena, const struct direction *d, const struct walk *w,
                                struct backward_run *run) {
  for (long i = 0; i < w->count; i++) {
    float *dh = run->dh + i * run->out_padded;
    long row = w->first + i;
    for (long j = 0; j < run->out; j += VL) {
      int regs = regs_of(run->out - j);
      vf sum = load_regs(regs, dh + j);
      if (d->dy) sum += load_part(arena + d->dy + row * d->dy_stride + j, run->out - j);
      /* The product below multiplies the padding by zeros: an infinity there would make NaN. */
      if (d->proj_size) sum = keep(first(run->out - j), sum);
      store_regs(regs, dh + j, sum);
      if (d->proj_size) store_part(arena + d->dh_sum + row * run->out + j, sum, run->out - j);
    }
  }
  if (d->proj_size)
    product(run->dm, run->hidden_padded, w->count, run->hidden_padded, run->dh, run->out_padded, run->out_padded,
            arena + d->weight_hr_t, 0, FROM_ZERO);
}

/* The cells of a vector of units of one row. */
INLINE void step_cell(const int cell, const int regs, float *arena, const struct direction *d, const struct walk *w,
                      struct backward_run *run, long i, long u) {
  const long gate = run->hidden_padded, slots = slots_of(cell) * gate;
  const float *c0 = d->c0 ? arena + d->c0 : 0;
  long row = w->first + i, before = row_before(w, i), left = run->hidden - u;
  const float *reserve = arena + d->reserve + row * slots + u;
  float *dgates = arena + d->dgates + row * gradient_slots_of(cell) * gate + u, *dh = run->dh + i * run->out_padded + u;
  vi units = first(left);
  if (cell == CELL_GRU) {
    vf h = load_part(arena + d->h_before + row * run->out + u, left);
    store_regs(regs, dh, gru_backward(regs, load_regs(regs, dh), h, reserve, dgates, gate, units));
  } else if (cell == CELL_LSTM) {
    vf c = before >= 0 ? load_regs(regs, arena + d->reserve + before * slots + LSTM_C * gate + u)
           : c0        ? load_part(c0 + w->order[i] * run->hidden + u, left)
                       : (vf){0};
    vf dm = load_regs(regs, d->proj_size ? run->dm + i * gate + u : dh);
    if (d->proj_size) store_part(arena + d->unprojected + row * run->hidden + u, lstm_output(regs, reserve, gate), left);
    lstm_backward(regs, dm, c, reserve, dgates, gate, units, run->dc + i * gate + u);
  } else {
    vf h_next = load_part(arena + d->y + row * d->y_stride + u, left);
    store_regs(regs, dgates, keep(units, rnn_backward(cell, load_regs(regs, dh), h_next)));
  }
}

/* The cells of a step of all rows at work. */
INLINE void step_cells(const int cell, float *arena, const struct direction *d, const struct walk *w,
                       struct backward_run *run) {
  for (long i = 0; i < w->count; i++) {
    for (long u = 0; u < run->hidden; u += VL) {
      if (regs_of(run->hidden - u) == 2) step_cell(cell, 2, arena, d, w, run, i, u);
      else step_cell(cell, 1, arena, d, w, run, i, u);
    }
  }
}

INLINE void run_backward(const int cell, float *arena, const struct direction *d) {
  struct backward_run run = start_run(cell, arena, d);
  const long slots = gradient_slots_of(cell) * run.hidden_padded, depth = gates_of(cell) * run.hidden_padded;
  const float *dhn = d->dhn ? arena + d->dhn : 0, *dcn = d->dcn ? arena + d->dcn : 0;
  fill_h_before(arena, d, &run);
  struct walk w = start_walk(arena, d, d->reverse);
  /* Rows without a step: dh0 is dhn, dc0 is dcn. */
  long present = d->steps > 0 ? w.counts[0] : 0;
  load_rows(run.dh, run.out_padded, dhn, run.out, w.order, present, w.batch);
  if (d->dh0) keep_rows(arena + d->dh0, run.dh, run.out_padded, run.out, w.order, present, w.batch);
  if (cell == CELL_LSTM) {
    load_rows(run.dc, run.hidden_padded, dcn, run.hidden, w.order, present, w.batch);
    if (d->dc0) keep_rows(arena + d->dc0, run.dc, run.hidden_padded, run.hidden, w.order, present, w.batch);
  }
  while (next_step(&w)) {
    if (w.joined < w.count) {
      load_rows(run.dh, run.out_padded, dhn, run.out, w.order, w.joined, w.count);
      if (cell == CELL_LSTM) load_rows(run.dc, run.hidden_padded, dcn, run.hidden, w.order, w.joined, w.count);
      w.joined = w.count;
    }
    add_output_gradient(arena, d, &w, &run);
    step_cells(cell, arena, d, &w, &run);
    product(run.dh, run.out_padded, w.count, run.out_padded, arena + d->dgates + w.first * slots, slots, depth,
            arena + d->weight_hh_t, 0, cell == CELL_GRU ? FROM_OUT : FROM_ZERO);
    long stay = next_count(&w);
    if (d->dh0) keep_rows(arena + d->dh0, run.dh, run.out_padded, run.out, w.order, stay, w.count);
    if (cell == CELL_LSTM && d->dc0)
      keep_rows(arena + d->dc0, run.dc, run.hidden_padded, run.hidden, w.order, stay, w.count);
  }
}

EXPORT(backward) void backward(float *arena, index_t at) {
  const struct direction *d = (const struct direction *)(arena + at);
  switch (d->cell) {
    case CELL_GRU: run_backward(CELL_GRU, arena, d); return;
    case CELL_LSTM: run_backward(CELL_LSTM, arena, d); return;
    case CELL_RNN_RELU: run_backward(CELL_RNN_RELU, arena, d); return;
    default: run_backward(CELL_RNN_TANH, arena, d);
  }
}
