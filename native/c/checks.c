#include "checks.h"

#include "engine.h"

_Thread_local const struct engine *current_engine;

int is_sound_job(int32_t job, index_t at) { return job_fits(current_engine, job, at); }

int lies_inside(const struct engine *e, int64_t at, int64_t count) {
  /* JavaScript may take more memory while workers run. */
  const int64_t limit = __atomic_load_n(&e->limit, __ATOMIC_RELAXED);
  return count >= 0 && (count == 0 || (at > 0 && at <= limit && count <= limit - at));
}

int lies_outside(const struct engine *e, const float *from, int64_t count) {
  const uintptr_t array = (uintptr_t)from, arena = (uintptr_t)e->arena;
  return array + (uintptr_t)count * 4 <= arena || array >= arena + (uintptr_t)e->limit * 4;
}

/* Some fields are 0 where there is no such buffer. */
static int is_none_or_inside(const struct engine *e, index_t at, int64_t count) {
  return at == 0 || lies_inside(e, at, count);
}

/* No array has a larger one, and products of two of them and a small number stay within 64 bits. */
static int is_size(int64_t n) { return n >= 0 && n < (int64_t)1 << 29; }

static int64_t padded_to(const struct engine *e, int64_t n) {
  return (n + e->build->pad - 1) / e->build->pad * e->build->pad;
}

/*
 * What a call reads as indices and counts while it runs, and must not write meanwhile: its struct, and arrays of integers. Spans of
 * the arena, `count` 0 where there are fewer.
 */
struct guarded {
  struct { int64_t at, count; } spans[3];
};

/* A span that the call writes lies in the arena, and beside what is guarded. */
static int may_write(const struct engine *e, const struct guarded *g, int64_t at, int64_t count) {
  if (!lies_inside(e, at, count)) return 0;
  for (int i = 0; i < 3; i++)
    if (count > 0 && at < g->spans[i].at + g->spans[i].count && g->spans[i].at < at + count) return 0;
  return 1;
}

/* `rows` rows of `width` floats, `stride` apart. */
static int rows_fit(const struct engine *e, index_t at, int64_t rows, int64_t stride, int64_t width) {
  return rows == 0 || (stride >= 0 && lies_inside(e, at, (rows - 1) * stride + width));
}

static int may_write_rows(const struct engine *e, const struct guarded *g, index_t at, int64_t rows, int64_t stride,
                          int64_t width) {
  return rows == 0 || (stride >= 0 && may_write(e, g, at, (rows - 1) * stride + width));
}

static int is_none_or_rows(const struct engine *e, index_t at, int64_t rows, int64_t stride, int64_t width) {
  return at == 0 || rows_fit(e, at, rows, stride, width);
}

static const int32_t *ints_at(const struct engine *e, index_t at) { return (const int32_t *)(e->arena + at); }

/* Counts do not increase, and name no more rows than there are: [T]. Returns their sum, or -1. */
static int64_t sum_of_counts(const struct engine *e, index_t at, int64_t steps, int64_t most) {
  if (!lies_inside(e, at, steps)) return -1;
  const int32_t *counts = ints_at(e, at);
  int64_t sum = 0;
  for (int64_t t = 0; t < steps; t++) {
    if (counts[t] < 0 || counts[t] > most) return -1;
    most = counts[t];
    sum += counts[t];
  }
  return sum;
}

/* The rows of the caller that an order [B] reaches, or -1. */
static int64_t rows_of_order(const struct engine *e, index_t at, int64_t batch) {
  if (!lies_inside(e, at, batch)) return -1;
  const int32_t *order = ints_at(e, at);
  int64_t rows = 0;
  for (int64_t i = 0; i < batch; i++) {
    if (order[i] < 0) return -1;
    if (order[i] >= rows) rows = (int64_t)order[i] + 1;
  }
  return rows;
}

/* What forward and backward of a direction both reach. */
struct extent {
  int64_t rows, hidden, out, padded_hidden, gates, slots, state_rows;
  struct guarded guarded;
};

static int is_lstm(const struct direction *d) { return d->cell == CELL_LSTM; }

static int common_fits(const struct engine *e, const struct direction *d, struct extent *x) {
  if (d->cell < CELL_RNN_TANH || d->cell > CELL_LSTM) return 0;
  if (!is_size(d->steps) || !is_size(d->batch) || !is_size(d->rows) || !is_size(d->input_size)) return 0;
  if (d->hidden_size < 1 || !is_size(d->hidden_size) || !is_size(d->proj_size) || (d->proj_size && !is_lstm(d))) return 0;
  const int is_gru = d->cell == CELL_GRU;
  x->rows = d->rows;
  x->hidden = d->hidden_size;
  x->out = d->proj_size ? d->proj_size : d->hidden_size;
  x->padded_hidden = padded_to(e, x->hidden);
  x->gates = is_gru ? 3 : is_lstm(d) ? 4 : 1;
  x->slots = is_gru ? 4 : is_lstm(d) ? 5 : 0;
  x->state_rows = rows_of_order(e, d->order, d->batch);
  const int64_t at = (const float *)d - e->arena;
  x->guarded = (struct guarded){{{at, sizeof *d / 4}, {d->counts, d->steps}, {d->order, d->batch}}};
  return sum_of_counts(e, d->counts, d->steps, d->batch) == d->rows && x->state_rows >= 0 &&
         rows_fit(e, d->y, x->rows, d->y_stride, x->out) &&
         is_none_or_inside(e, d->h0, x->state_rows * x->out) &&
         (!is_lstm(d) || is_none_or_inside(e, d->c0, x->state_rows * x->hidden)) &&
         (x->slots == 0 || is_none_or_inside(e, d->reserve, x->rows * x->slots * x->padded_hidden));
}

static int weight_fits(const struct engine *e, index_t at, int64_t gates, int64_t units, int64_t columns) {
  return lies_inside(e, at, gates * padded_to(e, units) * columns);
}

static int transposed_fits(const struct engine *e, index_t at, int64_t gates, int64_t units, int64_t columns) {
  return lies_inside(e, at, gates * padded_to(e, units) * padded_to(e, columns));
}

static int forward_fits(const struct engine *e, const struct direction *d) {
  struct extent x;
  if (!common_fits(e, d, &x)) return 0;
  const int64_t inputs = x.gates * x.padded_hidden;
  const int64_t first = d->steps > 0 ? ints_at(e, d->counts)[0] : 0;
  /* A chunk has room for a step. */
  if (d->gx ? !lies_inside(e, d->gx, x.rows * inputs) || d->chunk_rows < 0 : d->chunk_rows < first) return 0;
  if (!d->gx && !(rows_fit(e, d->x, x.rows, d->x_stride, d->input_size) &&
                  weight_fits(e, d->weight_ih, x.gates, x.hidden, d->input_size) &&
                  is_none_or_inside(e, d->bias_ih, inputs)))
    return 0;
  const int32_t scratch = e->build->forward_scratch(d->cell, d->batch, d->hidden_size, d->proj_size, d->chunk_rows);
  if (!weight_fits(e, d->weight_hh, x.gates, x.hidden, x.out) || !may_write(e, &x.guarded, d->scratch, scratch)) return 0;
  if (!may_write_rows(e, &x.guarded, d->y, x.rows, d->y_stride, x.out)) return 0;
  if (x.slots && d->reserve && !may_write(e, &x.guarded, d->reserve, x.rows * x.slots * x.padded_hidden)) return 0;
  if (d->cell == CELL_GRU && !is_none_or_inside(e, d->bias_hh, x.padded_hidden)) return 0;
  if (d->proj_size && !weight_fits(e, d->weight_hr, 1, x.out, x.hidden)) return 0;
  if (!may_write(e, &x.guarded, d->hn, x.state_rows * x.out)) return 0;
  if (is_lstm(d) && !may_write(e, &x.guarded, d->cn, x.state_rows * x.hidden)) return 0;
  if (d->team == 0) return 1;
  const int is_share = d->unit_begin >= 0 && d->unit_begin <= d->unit_end && d->unit_end <= d->hidden_size &&
                       (d->unit_begin % e->build->vector == 0 || d->unit_begin == d->unit_end);
  return is_share && !d->proj_size && may_write(e, &x.guarded, d->team, sizeof(struct team) / 4);
}

static int backward_fits(const struct engine *e, const struct direction *d) {
  struct extent x;
  if (!common_fits(e, d, &x)) return 0;
  const int64_t gradient_slots = x.slots ? 4 : 1;
  const int32_t scratch = e->build->backward_scratch(d->cell, d->batch, d->hidden_size, d->proj_size);
  const struct guarded *g = &x.guarded;
  return (x.slots == 0 || x.rows == 0 || d->reserve) && may_write(e, g, d->scratch, scratch) &&
         is_none_or_rows(e, d->dy, x.rows, d->dy_stride, x.out) &&
         is_none_or_inside(e, d->dhn, x.state_rows * x.out) &&
         (d->dh0 == 0 || may_write(e, g, d->dh0, x.state_rows * x.out)) &&
         (!is_lstm(d) || (is_none_or_inside(e, d->dcn, x.state_rows * x.hidden) &&
                          (d->dc0 == 0 || may_write(e, g, d->dc0, x.state_rows * x.hidden)))) &&
         transposed_fits(e, d->weight_hh_t, x.gates, x.hidden, x.out) &&
         (!d->proj_size || (transposed_fits(e, d->weight_hr_t, 1, x.out, x.hidden) &&
                            may_write(e, g, d->dh_sum, x.rows * x.out) &&
                            may_write(e, g, d->unprojected, x.rows * x.hidden))) &&
         may_write(e, g, d->dgates, x.rows * gradient_slots * x.padded_hidden) &&
         may_write(e, g, d->h_before, x.rows * x.out);
}

static int input_gradient_fits(const struct engine *e, const struct input_gradient *g) {
  const struct guarded own = {{{(const float *)g - e->arena, sizeof *g / 4}}};
  return is_size(g->rows) && is_size(g->columns) && is_size(g->depth) &&
         rows_fit(e, g->dgates, g->rows, g->dgates_stride, g->depth) &&
         lies_inside(e, g->weight_t, g->depth * padded_to(e, g->columns)) &&
         may_write(e, &own, g->dx, (int64_t)g->rows * g->columns);
}

/* The floats of a row of dgates up to the last slot that the gates have, or -1. */
static int64_t width_of_slots(const struct engine *e, index_t at, int64_t gates, int64_t units) {
  if (!lies_inside(e, at, gates)) return -1;
  int64_t last = 0;
  for (int64_t g = 0; g < gates; g++) {
    const int32_t slot = ints_at(e, at)[g];
    if (slot < 0 || slot > INT32_MAX / 8) return -1;
    if (slot > last) last = slot;
  }
  return (last + 1) * padded_to(e, units);
}

static int weight_gradient_fits(const struct engine *e, const struct weight_gradient *w) {
  if (!is_size(w->rows) || !is_size(w->units) || !is_size(w->columns) || w->gates < 0 || w->gates > 4) return 0;
  if (w->unit_begin < 0 || w->unit_begin > w->unit_end || w->unit_end > w->units) return 0;
  const int64_t width = width_of_slots(e, w->slot_of_gate, w->gates, w->units);
  const struct guarded own = {{{(const float *)w - e->arena, sizeof *w / 4}, {w->slot_of_gate, w->gates}}};
  const int32_t scratch = e->build->weight_gradient_scratch(w->unit_end - w->unit_begin, w->columns);
  return width >= 0 && rows_fit(e, w->dgates, w->rows, w->dgates_stride, width) &&
         lies_inside(e, w->x, (int64_t)w->rows * w->columns) &&
         may_write(e, &own, w->dw, (int64_t)w->gates * w->units * w->columns) &&
         may_write(e, &own, w->scratch, scratch);
}

int job_fits(const struct engine *e, int32_t job, index_t at) {
  const float *place = e->arena + at;
  switch (job) {
    case JOB_FORWARD:
      return lies_inside(e, at, sizeof(struct direction) / 4) && forward_fits(e, (const struct direction *)place);
    case JOB_BACKWARD:
      return lies_inside(e, at, sizeof(struct direction) / 4) && backward_fits(e, (const struct direction *)place);
    case JOB_INPUT_GRADIENT:
      return lies_inside(e, at, sizeof(struct input_gradient) / 4) &&
             input_gradient_fits(e, (const struct input_gradient *)place);
    case JOB_WEIGHT_GRADIENT:
      return lies_inside(e, at, sizeof(struct weight_gradient) / 4) &&
             weight_gradient_fits(e, (const struct weight_gradient *)place);
    default: return 0;
  }
}

static int count_of_jobs(const struct queue *queue) {
  return __atomic_load_n(&queue->ticket, __ATOMIC_SEQ_CST) >> 8 & 0xff;
}

int queue_fits(const struct engine *e, index_t at) {
  return lies_inside(e, at, (sizeof(struct queue) + QUEUE_CAPACITY * sizeof(struct queued_job)) / 4) &&
         count_of_jobs((const struct queue *)(e->arena + at)) <= QUEUE_CAPACITY;
}

int teams_fit(const struct engine *e, index_t at) {
  const struct queue *queue = (const struct queue *)(e->arena + at);
  for (int i = count_of_jobs(queue) - 1; i >= 0; i--) {
    if (queue->jobs[i].job != JOB_FORWARD) continue;
    if (!lies_inside(e, queue->jobs[i].at, sizeof(struct direction) / 4)) return 0;
    const index_t team = ((const struct direction *)(e->arena + queue->jobs[i].at))->team;
    if (!is_none_or_inside(e, team, sizeof(struct team) / 4)) return 0;
  }
  return 1;
}

int forward_scratch_fits(const struct engine *e, const int32_t *a) {
  return backward_scratch_fits(e, a) && is_size(a[4]);
}

int backward_scratch_fits(const struct engine *e, const int32_t *a) {
  (void)e;
  return is_size(a[1]) && is_size(a[2]) && is_size(a[3]);
}

int packed_size_fits(const struct engine *e, const int32_t *a) {
  (void)e;
  return a[0] >= 0 && a[0] <= 4 && is_size(a[1]) && is_size(a[2]);
}

int weight_gradient_scratch_fits(const struct engine *e, const int32_t *a) {
  (void)e;
  return is_size(a[0]) && is_size(a[1]);
}

int pack_weight_fits(const struct engine *e, const int32_t *a) {
  const int64_t gates = a[3], units = a[4], columns = a[5];
  return gates >= 0 && gates <= 4 && is_size(units) && is_size(columns) &&
         lies_inside(e, a[1], gates * units * columns) && weight_fits(e, a[2], gates, units, columns);
}

int pack_transposed_fits(const struct engine *e, const int32_t *a) {
  const int64_t gates = a[3], units = a[4], columns = a[5];
  return gates >= 0 && gates <= 4 && is_size(units) && is_size(columns) && a[6] >= 0 && a[6] <= 4 &&
         lies_inside(e, a[1], gates * units * columns) && transposed_fits(e, a[2], gates, units, columns);
}

int pack_bias_fits(const struct engine *e, const int32_t *a) {
  const int64_t gates = a[4], units = a[5];
  return gates >= 0 && gates <= 4 && is_size(units) && lies_inside(e, a[1], gates * units) &&
         is_none_or_inside(e, a[2], gates * units) && lies_inside(e, a[3], gates * padded_to(e, units));
}

int add_bias_fits(const struct engine *e, const int32_t *a) {
  const int64_t rows = a[3], columns = a[4];
  return is_size(rows) && is_size(columns) && columns % e->build->pad == 0 &&
         lies_inside(e, a[1], rows * columns) && lies_inside(e, a[2], columns);
}

static struct guarded guarded_of_sequence(const int32_t *a) { return (struct guarded){{{a[3], a[7]}, {a[4], a[5]}}}; }

/* Of a packed sequence in the arena: the floats of the caller's sequence, `steps` * `batch` rows, or -1. */
static int64_t floats_of_sequence(const struct engine *e, const int32_t *a, const struct guarded *own, index_t packed) {
  const int64_t steps = a[5], batch = a[6], group = a[7], width = a[8];
  if (!is_size(steps) || !is_size(batch) || !is_size(group) || !is_size(width) || steps * batch > INT32_MAX) return -1;
  const int64_t rows = sum_of_counts(e, a[4], steps, group), reached = rows_of_order(e, a[3], group);
  const int is_sound = rows >= 0 && reached >= 0 && reached <= batch && may_write(e, own, packed, rows * width);
  return is_sound ? steps * batch * width : -1;
}

static int sequence_fits(const struct engine *e, const int32_t *a, index_t whole, index_t packed) {
  const struct guarded own = guarded_of_sequence(a);
  const int64_t floats = floats_of_sequence(e, a, &own, packed);
  return floats >= 0 && may_write(e, &own, whole, floats);
}

static int values_fit(const struct engine *e, const int32_t *a, int32_t length, index_t packed) {
  const struct guarded own = guarded_of_sequence(a);
  const int64_t floats = floats_of_sequence(e, a, &own, packed);
  return floats >= 0 && floats <= length;
}

int pack_sequence_fits(const struct engine *e, const int32_t *a) { return sequence_fits(e, a, a[1], a[2]); }

int unpack_sequence_fits(const struct engine *e, const int32_t *a) { return sequence_fits(e, a, a[2], a[1]); }

int pack_values_fits(const struct engine *e, const int32_t *a) { return values_fit(e, a, a[1], a[2]); }

int unpack_values_fits(const struct engine *e, const int32_t *a) { return values_fit(e, a, a[2], a[1]); }

int bias_gradient_fits(const struct engine *e, const int32_t *a) {
  const int64_t rows = a[5], gates = a[6], units = a[7];
  if (!is_size(rows) || gates < 0 || gates > 4 || !is_size(units)) return 0;
  const int64_t width = width_of_slots(e, a[3], gates, units);
  const struct guarded own = {{{a[3], gates}}};
  return width >= 0 && rows_fit(e, a[1], rows, a[2], width) && may_write(e, &own, a[4], gates * units);
}

int activation_fits(const struct engine *e, const int32_t *a) {
  return a[4] >= 0 && lies_inside(e, a[2], a[4]) && lies_inside(e, a[3], a[4]);
}
