/*
 * Runs every function of the addon on random sizes under AddressSanitizer and UndefinedBehaviorSanitizer: behind its checks, and
 * jobs on the calling thread or on workers of its pool. Each buffer lies between poisoned red zones and has exactly the size that the
 * interface asks for. With -DFUZZ wrong calls run beside the right ones.
 *
 *     driver RUNS SEED
 */

#include <stdio.h>
#include <stdlib.h>

#include "mutate.h"
#include "workers.h"

/* Runs for which a pool lives. */
#define RUNS_OF_POOL 50
/* What a fuzzed call writes may be what a worker waits for. */
#ifdef FUZZ
#define MOST_WORKERS 0
#else
#define MOST_WORKERS 3
#endif

/* Called, or queued: with the calling thread, or for workers alone. */
static void run_job(enum job job, index_t at) {
  if (between(0, 2)) {
    run_round(&(struct queued_job){job, at}, 1, between(0, 1));
    return;
  }
  switch (job) {
    case JOB_FORWARD:
      if (!CALL(forward, 0, at) && !may_be_refused()) abort();
      return;
    case JOB_BACKWARD: CALL(backward, 0, at); return;
    case JOB_INPUT_GRADIENT: CALL(input_gradient, 0, at); return;
    default: CALL(weight_gradient, 0, at);
  }
}

/* Every tail of a tile, and at times the sizes around powers of two. */
static int a_size(void) {
  const int large[] = {63, 64, 65, 127, 128, 129, 256};
  return between(0, 15) ? between(1, 40) : large[between(0, 6)];
}

static void gradients(const struct direction *d, int out) {
  int gates = gates_of(d->cell), stride = slots_of(d->cell) * (int)with_padding(d->hidden_size), hidden = d->hidden_size;
  int32_t slots[4] = {0, 1, 2, 3};
  int first = 0;
  if (d->cell == CELL_GRU) {
    first = (int)with_padding(hidden);
    for (int g = 0; g < 3; g++) slots[g] = g + 1;
  }
  index_t slot_of_gate = integers(slots, gates), dx = buffer((long)d->rows * d->input_size);
  struct input_gradient input = {d->dgates + first, stride, weight(gates, hidden, d->input_size, 1, 0),
                                 gates * (int)with_padding(hidden), dx, d->rows, d->input_size, between(0, 1)};
  run_job(JOB_INPUT_GRADIENT, structure(&input, sizeof input));
  index_t db = buffer((long)gates * hidden);
  CALL(bias_gradient, 0, d->dgates, stride, slot_of_gate, db, d->rows, gates, hidden, between(0, 1));
  for (int which = 0; which < (d->proj_size ? 3 : 2); which++) {
    int is_projection = which == 2, units = is_projection ? d->proj_size : hidden;
    int columns = which == 0 ? d->input_size : which == 1 ? out : hidden;
    index_t dw = buffer((long)(is_projection ? 1 : gates) * units * columns);
    for (int begin = 0, end; begin < units; begin = end) {
      end = begin + 4 * between(1, 8) < units ? begin + 4 * between(1, 8) : units;
      if (end > units) end = units;
      struct weight_gradient w = {is_projection ? d->dh_sum : d->dgates,
                                  is_projection ? d->proj_size : stride,
                                  slot_of_gate,
                                  which == 0 ? d->x : which == 1 ? d->h_before : d->unprojected,
                                  dw,
                                  d->rows,
                                  is_projection ? 1 : gates,
                                  units,
                                  columns,
                                  begin,
                                  end,
                                  between(0, 1),
                                  buffer(CALL(weight_gradient_scratch, end - begin, columns))};
      if (is_projection) w.slot_of_gate = integers((int32_t[]){0}, 1);
      run_job(JOB_WEIGHT_GRADIENT, structure(&w, sizeof w));
    }
  }
}

static void run(void) {
  struct direction d = {.cell = between(CELL_RNN_TANH, CELL_LSTM), .steps = between(1, 6), .batch = between(1, 9),
                        .input_size = a_size(), .hidden_size = a_size(), .reverse = between(0, 1)};
  if (d.cell == CELL_LSTM && d.hidden_size > 1 && between(0, 1)) d.proj_size = between(1, d.hidden_size - 1);
  int out = d.proj_size ? d.proj_size : d.hidden_size, gates = gates_of(d.cell), hidden = d.hidden_size;
  int slots = slots_of(d.cell) * (int)with_padding(hidden), width = between(1, 2) * out;
  int32_t order[9], counts[6];
  d.rows = lengths(d.steps, d.batch, order, counts);
  d.order = integers(order, d.batch);
  d.counts = integers(counts, d.steps);
  int batch_first = between(0, 1);
  index_t x = buffer((long)d.steps * d.batch * d.input_size);
  d.x = buffer((long)d.rows * d.input_size);
  d.x_stride = d.input_size;
  CALL(pack_sequence, 0, x, d.x, d.order, d.counts, d.steps, d.batch, d.batch, d.input_size, batch_first);
  CALL(pack_values, 0, d.steps * d.batch * d.input_size, d.x, d.order, d.counts, d.steps, d.batch, d.batch, d.input_size, batch_first);
  d.y = buffer((long)d.rows * width);
  d.y_stride = width;
  if (between(0, 1)) {
    d.h0 = buffer((long)d.batch * out);
    d.c0 = buffer((long)d.batch * hidden);
  }
  d.hn = buffer((long)d.batch * out);
  d.cn = buffer((long)d.batch * hidden);
  d.weight_ih = weight(gates, hidden, d.input_size, 0, 0);
  d.weight_hh = weight(gates, hidden, out, 0, 0);
  if (d.proj_size) d.weight_hr = weight(1, d.proj_size, hidden, 0, 0);
  if (between(0, 2)) {
    d.bias_ih = bias(gates, hidden, d.cell == CELL_GRU ? 2 : gates);
    if (d.cell == CELL_GRU) d.bias_hh = bias(1, hidden, 0);
  }
  d.chunk_rows = between(d.batch, d.batch * d.steps);
  if (between(0, 3) == 0) {
    d.gx = buffer((long)d.rows * gates * with_padding(hidden));
    d.chunk_rows = 0;
    if (d.bias_ih) CALL(add_bias, 0, d.gx, d.bias_ih, d.rows, gates * (int)with_padding(hidden));
  }
  d.scratch = buffer(CALL(forward_scratch, d.cell, d.batch, hidden, d.proj_size, d.chunk_rows));
  int has_reserve = d.cell == CELL_GRU || d.cell == CELL_LSTM;
  for (int is_training = 0; is_training < 2; is_training++) {
    if (is_training && has_reserve) d.reserve = buffer((long)d.rows * slots);
    run_job(JOB_FORWARD, structure(&d, sizeof d));
  }
  index_t output = buffer((long)d.steps * d.batch * width);
  CALL(unpack_sequence, 0, d.y, output, d.order, d.counts, d.steps, d.batch, d.batch, width, batch_first);
  CALL(unpack_values, 0, d.y, d.steps * d.batch * width, d.order, d.counts, d.steps, d.batch, d.batch, width, batch_first);
  d.scratch = buffer(CALL(backward_scratch, d.cell, d.batch, hidden, d.proj_size));
  if (between(0, 3)) d.dy = buffer((long)d.rows * width);
  d.dy_stride = width;
  if (between(0, 1)) {
    d.dhn = buffer((long)d.batch * out);
    d.dcn = buffer((long)d.batch * hidden);
  }
  if (between(0, 1)) {
    d.dh0 = buffer((long)d.batch * out);
    d.dc0 = buffer((long)d.batch * hidden);
  }
  d.weight_hh_t = weight(gates, hidden, out, 1, d.cell == CELL_GRU ? 2 : 0);
  if (d.proj_size) d.weight_hr_t = weight(1, d.proj_size, hidden, 1, 0);
  d.dgates = has_reserve ? d.reserve : buffer((long)d.rows * slots);
  d.h_before = buffer((long)d.rows * out);
  if (d.proj_size) {
    d.dh_sum = buffer((long)d.rows * d.proj_size);
    d.unprojected = buffer((long)d.rows * hidden);
  }
  run_job(JOB_BACKWARD, structure(&d, sizeof d));
  gradients(&d, out);
}

int main(int count, char **arguments) {
  long runs = read_arguments(count, arguments);
  for (long i = 0; i < runs; i++) {
    if (i % RUNS_OF_POOL == 0) {
      start_over();
      open_pool();
    }
    start_over();
    set_workers(between(0, MOST_WORKERS));
    run();
    int size = between(1, 40);
    CALL(activation, 0, between(0, 2), buffer(size), buffer(size), size);
    if ((i + 1) % RUNS_OF_POOL == 0 || i + 1 == runs) {
      close_pool();
      free_arena();
    }
  }
#ifdef FUZZ
  print_fuzzed();
#else
  printf("%ld runs\n", runs);
#endif
  return 0;
}
