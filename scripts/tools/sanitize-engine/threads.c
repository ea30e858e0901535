/*
 * Runs the queue and the team of the engine on several threads, natively, under ThreadSanitizer: directions forward, alone and
 * with their units shared, whose results must be the same to the bit.
 *
 *     threads RUNS SEED
 */

/* For nanosleep. */
#define _POSIX_C_SOURCE 199309L

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "support.h"

#define MAX_THREADS 3

struct call {
  index_t queue;
  int32_t round;
  int microseconds; /* how late the thread comes */
};

static void *take_jobs(void *argument) {
  const struct call *call = argument;
  struct timespec late = {0, call->microseconds * 1000L};
  nanosleep(&late, 0);
  work(arena, call->queue, await_round(arena, call->queue, call->round - 1));
  return 0;
}

#define QUEUE_FIELDS (int)(sizeof(struct queue) / 4)

/* All jobs of one round on so many threads. */
static void run_jobs(const index_t *jobs, int count, int threads, int32_t round) {
  int32_t fields[QUEUE_FIELDS + 2 * MAX_THREADS] = {0};
  ((struct queue *)fields)->round = round;
  ((struct queue *)fields)->ticket = round << 16 | count << 8;
  for (int i = 0; i < count; i++) {
    fields[QUEUE_FIELDS + 2 * i] = JOB_FORWARD;
    fields[QUEUE_FIELDS + 1 + 2 * i] = jobs[i];
  }
  struct call calls[MAX_THREADS];
  pthread_t others[MAX_THREADS];
  index_t queue = integers(fields, QUEUE_FIELDS + 2 * count);
  for (int i = 0; i < threads; i++) calls[i] = (struct call){queue, round, between(0, 3) * between(0, 100)};
  for (int i = 1; i < threads; i++)
    if (pthread_create(&others[i], 0, take_jobs, &calls[i])) abort();
  take_jobs(&calls[0]);
  for (int i = 1; i < threads; i++) pthread_join(others[i], 0);
  const struct queue *after = (struct queue *)(arena + queue);
  if (after->done != count || after->lost) abort();
}

static void check_same(index_t a, index_t b, long floats) {
  if (memcmp(arena + a, arena + b, (size_t)floats * 4)) abort();
}

/* A direction alone, then by a team of up to as many threads as there are. */
static void run(int32_t round) {
  const int cells[] = {CELL_RNN_TANH, CELL_RNN_RELU, CELL_GRU, CELL_LSTM};
  struct direction d = {.cell = cells[between(0, 3)], .steps = between(1, 12), .batch = between(1, 5),
                        .input_size = between(1, 40), .hidden_size = between(17, 80), .reverse = between(0, 1)};
  int gates = gates_of(d.cell), hidden = d.hidden_size, slots = slots_of(d.cell) * (int)padded(hidden);
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
    both[i]->scratch = buffer(forward_scratch(d.cell, d.batch, hidden, 0, d.chunk_rows));
  }
  if (!forward(arena, structure(&alone, sizeof alone))) abort();
  int size = between(2, MAX_THREADS), threads = between(1, MAX_THREADS);
  struct team team = {.size = size, .looks = between(0, 1) * 20000, .join_looks = between(0, 1) * 5000};
  /* As the caller does without a team that has slept. */
  if (between(0, 4) == 0) team = (struct team){.size = 1, .start = -1};
  shared.team = structure(&team, sizeof team);
  index_t jobs[MAX_THREADS];
  int share = ((hidden + size - 1) / size + 7) / 8 * 8;
  for (int i = 0; i < size; i++) {
    shared.unit_begin = i * share < hidden ? i * share : hidden;
    shared.unit_end = (i + 1) * share < hidden ? (i + 1) * share : hidden;
    jobs[i] = structure(&shared, sizeof shared);
  }
  run_jobs(jobs, size, threads, round);
  check_same(alone.y, shared.y, (long)d.rows * hidden);
  check_same(alone.hn, shared.hn, (long)d.batch * hidden);
  if (d.cell == CELL_LSTM) check_same(alone.cn, shared.cn, (long)d.batch * hidden);
}

int main(int count, char **arguments) {
  long runs = read_arguments(count, arguments);
  for (long i = 0; i < runs; i++) {
    start_over();
    run((int32_t)(i % 0x7fff) + 1);
  }
  printf("%ld runs\n", runs);
  return 0;
}
