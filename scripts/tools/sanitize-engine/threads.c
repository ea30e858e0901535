/*
 * Runs the pool of the addon under ThreadSanitizer: directions forward, alone and with their units shared, whose results must be the
 * same to the bit, and products. Workers start and leave between rounds and their pools end, in two environments at once.
 *
 *     threads RUNS SEED
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers.h"

#define MOST_MEMBERS 3
#define ENVIRONMENTS 2
/* Runs for which a pool lives. */
#define RUNS_OF_POOL 20

static void check_same(index_t a, index_t b, long floats) {
  if (memcmp(at_index(a), at_index(b), (size_t)floats * 4)) abort();
}

/* A direction alone, then by a team of up to as many threads as there are. */
static void run(void) {
  const int cells[] = {CELL_RNN_TANH, CELL_RNN_RELU, CELL_GRU, CELL_LSTM};
  struct direction d = {.cell = cells[between(0, 3)], .steps = between(1, 12), .batch = between(1, 5),
                        .input_size = between(1, 40), .hidden_size = between(17, 80), .reverse = between(0, 1)};
  int gates = gates_of(d.cell), hidden = d.hidden_size, slots = slots_of(d.cell) * (int)with_padding(hidden);
  int32_t order[9], counts[12];
  d.rows = lengths(d.steps, d.batch, order, counts);
  d.order = integers(order, d.batch);
  d.counts = integers(counts, d.steps);
  d.x = buffer((long)d.rows * d.input_size);
  d.x_stride = d.input_size;
  d.y_stride = hidden;
  if (between(0, 1)) {
    d.h0 = buffer((long)d.batch * hidden);
    d.c0 = buffer((long)d.batch * hidden);
  }
  d.weight_ih = weight(gates, hidden, d.input_size, 0, 0);
  d.weight_hh = weight(gates, hidden, hidden, 0, 0);
  d.bias_ih = bias(gates, hidden, d.cell == CELL_GRU ? 2 : gates);
  d.chunk_rows = between(d.batch, d.batch * d.steps);
  d.unit_end = hidden;
  struct direction alone = d, shared = d;
  struct direction *both[] = {&alone, &shared};
  for (int i = 0; i < 2; i++) {
    both[i]->y = buffer((long)d.rows * hidden);
    both[i]->hn = buffer((long)d.batch * hidden);
    both[i]->cn = buffer((long)d.batch * hidden);
    if (d.cell == CELL_GRU || d.cell == CELL_LSTM) both[i]->reserve = buffer((long)d.rows * slots);
    both[i]->scratch = buffer(CALL(forward_scratch, d.cell, d.batch, hidden, 0, d.chunk_rows));
  }
  if (!CALL(forward, 0, structure(&alone, sizeof alone))) abort();
  int size = between(2, MOST_MEMBERS);
  struct team team = {.size = size, .looks = between(0, 1) * 20000, .join_looks = between(0, 1) * 5000};
  /* As the caller does without a team that has slept. */
  if (between(0, 4) == 0) team = (struct team){.size = 1, .start = -1};
  shared.team = structure(&team, sizeof team);
  struct queued_job jobs[MOST_MEMBERS];
  int share = (int)whole_vectors((hidden + size - 1) / size);
  for (int i = 0; i < size; i++) {
    shared.unit_begin = i * share < hidden ? i * share : hidden;
    shared.unit_end = (i + 1) * share < hidden ? (i + 1) * share : hidden;
    jobs[i] = (struct queued_job){JOB_FORWARD, structure(&shared, sizeof shared)};
  }
  run_round(jobs, size, between(0, 1));
  check_same(alone.y, shared.y, (long)d.rows * hidden);
  check_same(alone.hn, shared.hn, (long)d.batch * hidden);
  if (d.cell == CELL_LSTM) check_same(alone.cn, shared.cn, (long)d.batch * hidden);
}

struct environment {
  pthread_t thread;
  long runs;
  uint32_t seed;
};

static void *run_environment(void *argument) {
  const struct environment *environment = argument;
  start_random(environment->seed);
  for (long i = 0; i < environment->runs; i++) {
    if (i % RUNS_OF_POOL == 0) {
      start_over();
      open_pool();
    }
    start_over();
    set_workers(between(0, MOST_MEMBERS - 1));
    run();
    if ((i + 1) % RUNS_OF_POOL == 0 || i + 1 == environment->runs) {
      close_pool();
      free_arena();
    }
  }
  return 0;
}

int main(int count, char **arguments) {
  long runs = read_arguments(count, arguments);
  struct environment environments[ENVIRONMENTS];
  for (int i = 0; i < ENVIRONMENTS; i++) {
    environments[i] = (struct environment){.runs = runs / ENVIRONMENTS, .seed = (uint32_t)between(1, INT32_MAX - 1)};
    if (pthread_create(&environments[i].thread, 0, run_environment, &environments[i])) abort();
  }
  for (int i = 0; i < ENVIRONMENTS; i++) pthread_join(environments[i].thread, 0);
  printf("%ld runs\n", runs);
  return 0;
}
