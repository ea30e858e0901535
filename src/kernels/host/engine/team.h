/*
 * Threads that share the units of one direction. The first to come begins alone; when all are there they go on together from the
 * next step, and wait for each other after every step, spinning for a while, then asleep. A worker may need longer to wake than
 * many a step takes: nobody waits for one that has not come.
 */
#ifndef TEAM_H
#define TEAM_H

#include "engine.h"

/* A step of a wide layer; a member that takes longer has lost its processor. */
#define MEET_SPINS 20000
/* Seconds after which a member counts as dead. */
#define LOST_AFTER 60

#define LOAD(field) __atomic_load_n(&team->field, __ATOMIC_SEQ_CST)
#define ADD(field, n) __atomic_fetch_add(&team->field, n, __ATOMIC_SEQ_CST)

static inline int32_t sleep_while(int32_t *at, int32_t value) {
#ifdef __wasm__
  return __builtin_wasm_memory_atomic_wait32(at, value, 1000000000LL);
#else
  (void)at;
  (void)value;
  return 0;
#endif
}

static inline void wake_all(int32_t *at) {
#ifdef __wasm__
  __builtin_wasm_memory_atomic_notify(at, ~0u);
#else
  (void)at;
#endif
}

/* Waits for *at to change from `value`. 0: it has not, and whoever should change it is lost. */
static inline int await_change(struct team *team, int32_t *at, int32_t value) {
  for (int i = 0; i < MEET_SPINS; i++)
    if (__atomic_load_n(at, __ATOMIC_SEQ_CST) != value) return 1;
  ADD(waiting, 1);
  int seconds = 0;
  while (__atomic_load_n(at, __ATOMIC_SEQ_CST) == value && seconds < LOST_AFTER)
    if (sleep_while(at, value) == 2) seconds++;
  ADD(waiting, -1);
  return __atomic_load_n(at, __ATOMIC_SEQ_CST) != value;
}

/* Every member calls it once. 1: the first to come, who leads until they work together. */
static inline int join_team(struct team *team) { return ADD(joined, 1) == 0; }

static inline int all_joined(struct team *team) { return LOAD(joined) == team->size; }

/* The leader's word to the others: together from step `start` on; or never, with -1. */
static inline void announce_start(struct team *team, long start) {
  __atomic_store_n(&team->start, start < 0 ? -1 : (int32_t)start + 1, __ATOMIC_SEQ_CST);
  if (LOAD(waiting)) wake_all(&team->start);
}

enum { NO_START = -1, LEADER_LOST = -2 };

/* The others' wait for it: a step, NO_START, or LEADER_LOST. */
static inline long await_start(struct team *team) {
  if (!await_change(team, &team->start, 0)) return LEADER_LOST;
  int32_t start = LOAD(start);
  return start < 0 ? NO_START : start - 1;
}

/* Waits until all members have come here. 0: one of them is lost. */
static inline int meet(struct team *team) {
  int32_t meeting = LOAD(meeting);
  if (ADD(arrived, 1) == team->size - 1) {
    __atomic_store_n(&team->arrived, 0, __ATOMIC_SEQ_CST);
    ADD(meeting, 1);
    if (LOAD(waiting)) wake_all(&team->meeting);
    return 1;
  }
  return await_change(team, &team->meeting, meeting);
}

#undef LOAD
#undef ADD
#endif
