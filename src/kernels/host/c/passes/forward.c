/* One direction of one layer forward: the input's share of the gates for many steps at once, then step by step. */

#include "../cells/cells.h"
#include "../matrix/product.h"
#include "../threads/team.h"
#include "walk.h"

/* What the steps of one call share. Strides and sizes in floats. */
struct forward_run {
  long hidden, hidden_padded, out, out_padded; /* H, Hp, S, Sp */
  float *gx;                                   /* [chunk_rows, G * Hp] */
  float *h, *h_next;                           /* [B, Sp] each */
  float *c;                                    /* [B, Hp], LSTM */
  float *unprojected;                          /* [B, Hp], LSTM with a projection */
  long chunk_begin, chunk_end;                 /* packed rows whose gx is there */
  long chunk_limit;                            /* rows of the next chunk */
  long unit_begin, unit_end;                   /* units of this job */
  int leads;                                   /* loads and stores the states of rows, for all units */
  struct member member;                        /* of a team whose other members have the other units */
};

INLINE struct forward_run start_run(const int cell, float *arena, const struct direction *d) {
  struct forward_run run = {.hidden = d->hidden_size, .out = d->proj_size ? d->proj_size : d->hidden_size};
  run.hidden_padded = padded(run.hidden);
  run.out_padded = padded(run.out);
  float *at = arena + d->scratch;
  run.gx = at;
  at += d->chunk_rows * gates_of(cell) * run.hidden_padded;
  run.h = at;
  at += d->batch * run.out_padded;
  run.h_next = at;
  at += d->batch * run.out_padded;
  run.c = at;
  if (cell == CELL_LSTM) at += d->batch * run.hidden_padded;
  run.unprojected = at;
  run.unit_begin = 0;
  run.unit_end = run.hidden;
  if (d->gx) {
    run.gx = arena + d->gx;
    run.chunk_end = d->rows;
  }
  run.chunk_limit = d->chunk_rows;
  run.leads = 1;
  return run;
}

EXPORT(forward_scratch)
int32_t forward_scratch(int32_t cell, int32_t batch, int32_t hidden_size, int32_t proj_size, int32_t chunk_rows) {
  long hidden = padded(hidden_size), out = padded(proj_size ? proj_size : hidden_size);
  int64_t floats = (int64_t)chunk_rows * gates_of(cell) * hidden + (int64_t)2 * batch * out;
  if (cell == CELL_LSTM) floats += (int64_t)batch * hidden * (proj_size ? 2 : 1);
  return limited(floats);
}

/* Begins a chunk with the current step, of as many whole steps as its limit holds. 0: the present chunk has the step. */
INLINE int next_chunk(const struct direction *d, const struct walk *w, struct forward_run *run) {
  if (w->first >= run->chunk_begin && w->first < run->chunk_end) return 0;
  long begin = w->first, end = w->first + w->count;
  for (long t = w->t;;) {
    t += w->upwards ? 1 : -1;
    if (t < 0 || t >= w->steps || end - begin + w->counts[t] > run->chunk_limit) break;
    if (w->upwards) end += w->counts[t];
    else begin -= w->counts[t];
  }
  run->chunk_begin = begin;
  run->chunk_end = end;
  run->chunk_limit = run->chunk_limit < d->chunk_rows / 2 ? 2 * run->chunk_limit : d->chunk_rows;
  return 1;
}

/* Makes gx of the chunk. */
INLINE void project_chunk(const int cell, float *arena, const struct direction *d, const struct forward_run *run) {
  long begin = run->chunk_begin, end = run->chunk_end;
  long stride = gates_of(cell) * run->hidden_padded, columns = stride;
  long parts = 1, first = 0;
  if (run->member.team || run->hidden_padded % VL != 0) {
    /* Gate by gate: only the units of this job are wanted, or the last panel of each gate is narrow. */
    parts = gates_of(cell);
    first = run->unit_begin;
    columns = padded(run->unit_end - run->unit_begin);
  }
  for (long part = 0; part < parts; part++, first += run->hidden_padded)
    product(run->gx + first, stride, end - begin, columns, arena + d->x + begin * d->x_stride, d->x_stride,
            d->input_size, arena + d->weight_ih + first * d->input_size, d->bias_ih ? arena + d->bias_ih + first : 0,
            FROM_ZERO);
}

/* What the state adds to the sums of all gates, of `rows` rows and one panel of each gate: gates tiles, GH apart. */
INLINE void gate_tiles(const int gates, const int regs, long rows, float *gh, long depth, const float *h, long stride,
                       const float *panel, long gate_stride) {
  int g = 0;
  if (rows == 1 && gates == 3) {
    panels_1x3(regs, gh, GH, depth, h, 0, panel, gate_stride);
    g = 3;
  }
  if (rows == 1 && gates == 4) {
    panels_1x4(regs, gh, GH, depth, h, 0, panel, gate_stride);
    g = 4;
  }
  for (; rows == 2 && g + 2 <= gates; g += 2)
    panels_2x2(regs, gh + g * GH, GH, depth, h, stride, panel + g * gate_stride, gate_stride);
  for (; g < gates; g++) {
    for (long k = 0; k < rows;) {
      int count = rows_of_tile(rows - k);
      tile(count, regs, gh + g * GH + k * regs * REG, depth, h + k * stride, stride, panel + g * gate_stride);
      k += count;
    }
  }
}

/* The cells of `count` rows from the i-th on, and of the vector of units from u on. */
INLINE void run_cells(const int cell, const int regs, float *arena, const struct direction *d, const struct walk *w,
                      struct forward_run *run, long u, long i, long count, const float *gh) {
  const long gate = run->hidden_padded, gx_stride = gates_of(cell) * gate, slots = slots_of(cell) * gate;
  vf b_hn = cell == CELL_GRU && d->bias_hh ? load_regs(regs, arena + d->bias_hh + u) : (vf){0};
  for (long end = i + count; i < end; i++, gh += regs * REG) {
    long row = w->first + i;
    const float *gx = run->gx + (row - run->chunk_begin) * gx_stride + u;
    float *reserve = d->reserve ? arena + d->reserve + row * slots + u : 0;
    vf h;
    if (cell == CELL_GRU)
      h = gru_forward(regs, gx, gate, gh, b_hn, load_regs(regs, run->h + i * gate + u), reserve);
    else if (cell == CELL_LSTM)
      h = lstm_forward(regs, gx, gate, gh, run->c + i * gate + u, reserve);
    else
      h = rnn_forward(cell, regs, gx, gh);
    if (d->proj_size > 0) {
      store_regs(regs, run->unprojected + i * gate + u, h);
    } else {
      store_regs(regs, run->h_next + i * gate + u, h);
      store_part(arena + d->y + row * d->y_stride + u, h, run->hidden - u);
    }
  }
}

/* The units of one panel in a step of all rows at work, which read it once; a tile for each gate in gh. */
INLINE void step_panel(const int cell, const int regs, float *arena, const struct direction *d, const struct walk *w,
                       struct forward_run *run, long u, float *gh) {
  const int gates = gates_of(cell);
  const long depth = run->out, stride = run->out_padded;
  for (long i = 0; i < w->count; i += STEP_ROWS) {
    long count = w->count - i < STEP_ROWS ? w->count - i : STEP_ROWS;
    gate_tiles(gates, regs, count, gh, depth, run->h + i * stride, stride, arena + d->weight_hh + u * depth,
               run->hidden_padded * depth);
    run_cells(cell, regs, arena, d, w, run, u, i, count, gh);
  }
}

/* A step of all rows at work. */
INLINE void step(const int cell, float *arena, const struct direction *d, const struct walk *w,
                 struct forward_run *run) {
  const int gates = gates_of(cell);
  const long depth = run->out;
  const float *weight = arena + d->weight_hh;
  float gh[4 * GH] __attribute__((aligned(64)));
  long u = run->unit_begin;
  /* One row of a single gate: four panels hide the latency of each other's sums. */
  for (; gates == 1 && w->count == 1 && u + 4 * VL <= padded(run->unit_end); u += 4 * VL) {
    panels_1x4(2, gh, VL, depth, run->h, 0, weight + u * depth, VL * depth);
    for (int g = 0; g < 4; g++) run_cells(cell, 2, arena, d, w, run, u + g * VL, 0, 1, gh + g * VL);
  }
  /* A job may have no units, beyond the last one. */
  for (; u < run->unit_end; u += VL) {
    if (regs_of(run->unit_end - u) == 2) step_panel(cell, 2, arena, d, w, run, u, gh);
    else step_panel(cell, 1, arena, d, w, run, u, gh);
  }
  if (d->proj_size > 0) {
    product(run->h_next, run->out_padded, w->count, run->out_padded, run->unprojected, run->hidden_padded, run->hidden,
            arena + d->weight_hr, 0, FROM_ZERO);
    for (long i = 0; i < w->count; i++)
      for (long j = 0; j < run->out; j += VL)
        store_part(arena + d->y + (w->first + i) * d->y_stride + j,
                   load_regs(regs_of(run->out - j), run->h_next + i * run->out_padded + j), run->out - j);
  }
}

/* Rows begin..end of the sorted ones start: h0 and c0. */
INLINE void start_rows(const int cell, float *arena, const struct direction *d, const struct walk *w,
                       const struct forward_run *run, long begin, long end) {
  load_rows(run->h, run->out_padded, d->h0 ? arena + d->h0 : 0, run->out, w->order, begin, end);
  if (cell == CELL_LSTM)
    load_rows(run->c, run->hidden_padded, d->c0 ? arena + d->c0 : 0, run->hidden, w->order, begin, end);
}

/* Rows begin..end are done: hn and cn. */
INLINE void end_rows(const int cell, float *arena, const struct direction *d, const struct walk *w,
                     const struct forward_run *run, long begin, long end) {
  keep_rows(arena + d->hn, run->h, run->out_padded, run->out, w->order, begin, end);
  if (cell == CELL_LSTM) keep_rows(arena + d->cn, run->c, run->hidden_padded, run->hidden, w->order, begin, end);
}

INLINE void swap_states(struct forward_run *run) {
  float *h = run->h;
  run->h = run->h_next;
  run->h_next = h;
}

/* Leaves the units that are not of this job to the team. */
INLINE void share_units(const struct direction *d, struct forward_run *run, struct team *team) {
  run->member.team = team;
  run->unit_begin = d->unit_begin;
  run->unit_end = d->unit_end;
  run->leads = d->unit_begin == 0;
}

/*
 * 0: a member of the team is lost.
 *
 * The leader of a team does everything until all members have joined. From then on every member walks the steps by itself and
 * computes its own units; the member with the first unit also loads and stores the states of rows. A barrier comes before a member
 * changes what another may still write or read: after rows are loaded, and after each step.
 */
INLINE int run_forward(const int cell, float *arena, const struct direction *d) {
  struct forward_run run = start_run(cell, arena, d);
  struct team *team = d->team ? (struct team *)(arena + d->team) : 0;
  long start = START_NEVER; /* the step from which the team works together */
  int is_leader = !team || join_team(team), is_waiting = team && is_leader && team->size > 1;
  if (!is_leader) {
    start = await_start(team);
    if (start < 0) return start == START_NEVER;
    run.leads = 0;
  }
  if (is_waiting) await_members(team);
  /* Chunks begin with one step and grow, so that a leader soon sees that its team is complete. */
  if (!is_leader || is_waiting) run.chunk_limit = d->batch;
  struct walk w = start_walk(arena, d, !d->reverse);
  /* Rows without a step end where they start. */
  long present = d->steps > 0 ? w.counts[0] : 0;
  if (run.leads) {
    start_rows(cell, arena, d, &w, &run, present, w.batch);
    end_rows(cell, arena, d, &w, &run, present, w.batch);
  }
  for (long n = 0; next_step(&w); n++) {
    if (is_waiting && all_joined(team)) {
      is_waiting = 0;
      start = n;
      announce_start(team, start);
    }
    if (n == start) share_units(d, &run, team);
    int is_new_chunk = next_chunk(d, &w, &run);
    if (n < start) {
      /* The leader has computed it. */
      w.joined = w.count;
      swap_states(&run);
      continue;
    }
    if (w.joined < w.count) {
      if (run.leads) start_rows(cell, arena, d, &w, &run, w.joined, w.count);
      w.joined = w.count;
      if (run.member.team && !barrier_wait(&run.member)) return 0;
    }
    if (is_new_chunk) project_chunk(cell, arena, d, &run);
    step(cell, arena, d, &w, &run);
    if (run.member.team && !barrier_wait(&run.member)) return 0;
    swap_states(&run);
    if (run.leads) end_rows(cell, arena, d, &w, &run, next_count(&w), w.count);
  }
  if (is_waiting) announce_end(team);
  if (run.member.team) leave_team(&run.member);
  return 1;
}

EXPORT(forward) int32_t forward(float *arena, index_t at) {
  const struct direction *d = (const struct direction *)(arena + at);
  switch (d->cell) {
    case CELL_GRU: return run_forward(CELL_GRU, arena, d);
    case CELL_LSTM: return run_forward(CELL_LSTM, arena, d);
    case CELL_RNN_RELU: return run_forward(CELL_RNN_RELU, arena, d);
    default: return run_forward(CELL_RNN_TANH, arena, d);
  }
}
