/* Jobs for several threads: each takes the next one until none is left. */

#include "engine.h"

static void run(float *arena, int32_t job, index_t at) {
  switch (job) {
    case JOB_FORWARD: forward(arena, at); return;
    case JOB_BACKWARD: backward(arena, at); return;
    case JOB_INPUT_GRADIENT: input_gradient(arena, at); return;
    default: weight_gradient(arena, at);
  }
}

EXPORT(work) void work(float *arena, index_t at, int32_t round) {
  struct queue *queue = (struct queue *)(arena + at);
  for (;;) {
    int32_t ticket = __atomic_load_n(&queue->ticket, __ATOMIC_SEQ_CST);
    int32_t next = ticket & 0xff, count = ticket >> 8 & 0xff;
    if ((ticket >> 16 & 0xffff) != round || next >= count) return;
    if (!__atomic_compare_exchange_n(&queue->ticket, &ticket, ticket + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
    run(arena, queue->jobs[next].job, queue->jobs[next].at);
    __atomic_fetch_add(&queue->done, 1, __ATOMIC_SEQ_CST);
  }
}
