#include "workers.h"

#include <stdlib.h>
#include <string.h>

#include "node.h"
#include "pool.h"
#include "threads/wait.h"

/* As WORKER_STATES of threads/worker.ts. */
enum state { STAYS, IS_TO_LEAVE, HAS_LEFT };

/* Workers that a pool may start in its life: each has an integer of its own for its state. */
#define MOST_STARTS 256
#define MOST_ROUNDS 0x7fff

static _Thread_local struct pool pool;
static _Thread_local index_t queue_at, states;
static _Thread_local int32_t round_now;
static _Thread_local int started;
/* Those that stay, by their place among the states. */
static _Thread_local int staying[MOST_STARTS], count_staying;

static struct queue *queue(void) { return (struct queue *)at_index(queue_at); }
static int32_t *state_of(int worker) { return (int32_t *)at_index(states) + worker; }

void open_pool(void) {
  pool = (struct pool){0};
  started = count_staying = 0;
  queue_at = buffer((long)(sizeof(struct queue) + QUEUE_CAPACITY * sizeof(struct queued_job)) / 4);
  memset(queue(), 0, sizeof(struct queue) + QUEUE_CAPACITY * sizeof(struct queued_job));
  states = buffer(MOST_STARTS);
  memset(state_of(0), 0, MOST_STARTS * 4);
  keep_all();
}

/* Begins a round of jobs that stand in the queue; one without jobs wakes the workers. */
static void ring(int count) {
  const int looks[] = {0, 100, 20000};
  round_now = round_now % MOST_ROUNDS + 1;
  store_shared(&queue()->looks, looks[between(0, 2)]);
  store_shared(&queue()->done, 0);
  store_shared(&queue()->ticket, round_now << 16 | count << 8);
  store_shared(&queue()->round, round_now);
  CALL(wake, queue_at);
}

void set_workers(int count) {
  deliver_messages();
  int is_any_to_leave = count < count_staying;
  while (count < count_staying) store_shared(state_of(staying[--count_staying]), IS_TO_LEAVE);
  if (is_any_to_leave) ring(0);
  while (count_staying < count && started < MOST_STARTS) {
    if (!pool_start(an_env(), &pool, &engine, queue_at, states + started, a_listener())) abort();
    staying[count_staying++] = started++;
  }
}

void close_pool(void) {
  pool_end(&pool);
  close_functions();
}

#ifdef FUZZ
void run_round(const struct queued_job *jobs, int count, int is_by_message) {
  (void)is_by_message;
  memcpy(queue()->jobs, jobs, (size_t)count * sizeof *jobs);
  ring(count);
  CALL(work, 0, queue_at, round_now);
  CALL(abandon, 0, queue_at);
  CALL(look, 0, queue_at, round_now, 10);
  CALL(nap, 0, queue_at, round_now, 0);
}
#else
void run_round(const struct queued_job *jobs, int count, int is_by_message) {
  int32_t *done = &queue()->done;
  const index_t done_at = queue_at + (index_t)(done - (int32_t *)queue());
  is_by_message = is_by_message && count_staying > 0;
  store_shared(&queue()->by_message, is_by_message);
  memcpy(queue()->jobs, jobs, (size_t)count * sizeof *jobs);
  ring(count);
  if (!is_by_message) CALL(work, 0, queue_at, round_now);
  for (int32_t finished; (finished = load_shared(done)) != count;) {
    if (load_shared(&queue()->lost)) abort();
    if (is_by_message) deliver_messages();
    if (CALL(look, 0, done_at, finished, 1000) == 1000) CALL(nap, 0, done_at, finished, 10);
  }
  deliver_messages();
}
#endif
