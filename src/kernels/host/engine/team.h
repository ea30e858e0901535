/*
 * Threads that share the units of one direction. A member that does not come in time is left out, and finds nothing to do when it
 * comes; those who came wait for each other after every step, spinning for a while, then asleep.
 */
#ifndef TEAM_H
#define TEAM_H

#include "engine.h"

/* Some tens of microseconds: what a worker that is awake needs to see that there is work. */
#define JOIN_SPINS 20000
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

enum joined { LEFT_OUT, ALONE, TOGETHER };

/* Every member calls it once. The first to come is the one who works alone where the others do not come. */
static inline enum joined join_team(struct team *team) {
  int32_t state = LOAD(state);
  do {
    if (state & 1) return LEFT_OUT;
  } while (!__atomic_compare_exchange_n(&team->state, &state, state + 2, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  int is_first = state == 0;
  for (int i = 0; is_first && i < JOIN_SPINS && LOAD(state) >> 1 < team->size; i++) {
  }
  if (is_first) {
    /* Closed: whoever comes later is left out. With members missing, those who came leave as well. */
    state = ADD(state, 1);
    return state >> 1 == team->size ? TOGETHER : ALONE;
  }
  for (;;) {
    state = LOAD(state);
    if (state & 1) return state >> 1 == team->size ? TOGETHER : LEFT_OUT;
  }
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
  for (int i = 0; i < MEET_SPINS; i++)
    if (LOAD(meeting) != meeting) return 1;
  ADD(waiting, 1);
  int seconds = 0;
  while (LOAD(meeting) == meeting && seconds < LOST_AFTER)
    if (sleep_while(&team->meeting, meeting) == 2) seconds++;
  ADD(waiting, -1);
  return LOAD(meeting) != meeting;
}

#undef LOAD
#undef ADD
#endif
