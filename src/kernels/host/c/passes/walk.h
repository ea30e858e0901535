/*
 * The walk over the steps of a packed sequence, and the states that rows start from and end in.
 *
 * Upwards (t = 0, 1, ...) rows only leave: a row is done after its last step. Downwards (t = T-1, ...) rows only join: a row
 * starts at its own last step. Either way the rows at work are always the first counts[t] of the sorted ones.
 */
#ifndef WALK_H
#define WALK_H

#include "../engine.h"
#include "../vec.h"

struct walk {
  const int32_t *counts, *order;
  long steps, batch;
  int upwards;
  long t;       /* the current step */
  long first;   /* its first packed row */
  long count;   /* rows at work */
  long joined;  /* rows that have started */
};

INLINE struct walk start_walk(const float *arena, const struct direction *d, int upwards) {
  struct walk w = {(const int32_t *)(arena + d->counts), (const int32_t *)(arena + d->order), d->steps, d->batch,
                   upwards, 0, 0, 0, 0};
  w.t = upwards ? -1 : d->steps;
  w.first = upwards ? 0 : d->rows;
  return w;
}

/* To the next step that has rows; 0 at the end. */
INLINE int next_step(struct walk *w) {
  if (w->upwards) {
    w->first += w->count;
    if (++w->t >= w->steps) return 0;
    w->count = w->counts[w->t];
    return w->count > 0;
  }
  do {
    if (--w->t < 0) return 0;
    w->count = w->counts[w->t];
  } while (w->count == 0);
  w->first -= w->count;
  return 1;
}

/* Rows that are at work in the step after the current one; 0 after the last. */
INLINE long next_count(const struct walk *w) {
  long t = w->upwards ? w->t + 1 : w->t - 1;
  return t >= 0 && t < w->steps ? w->counts[t] : 0;
}

/* state[i] = given[order[i]] for rows begin <= i < end, zeros where nothing is given; padding up to `stride` is zero. */
INLINE void load_rows(float *state, long stride, const float *given, long size, const int32_t *order, long begin,
                      long end) {
  for (long i = begin; i < end; i++)
    for (long j = 0; j < stride; j += VL)
      store_regs(regs_of(stride - j), state + i * stride + j,
                 given && j < size ? load_part(given + order[i] * size + j, size - j) : (vf){0});
}

/* kept[order[i]] = state[i]. */
INLINE void keep_rows(float *kept, const float *state, long stride, long size, const int32_t *order, long begin,
                      long end) {
  for (long i = begin; i < end; i++)
    for (long j = 0; j < size; j += VL)
      store_part(kept + order[i] * size + j, load_regs(regs_of(size - j), state + i * stride + j), size - j);
}

#endif
