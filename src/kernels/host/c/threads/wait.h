/* Waiting for another thread to change an integer of the arena: looking at it for a while, then asleep. */
#ifndef WAIT_H
#define WAIT_H

#include "../vec.h"

INLINE int32_t load_shared(const int32_t *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }
INLINE void store_shared(int32_t *at, int32_t value) { __atomic_store_n(at, value, __ATOMIC_SEQ_CST); }
/* Returns what was there before. */
INLINE int32_t add_shared(int32_t *at, int32_t n) { return __atomic_fetch_add(at, n, __ATOMIC_SEQ_CST); }

/*
 * Looks at *at until it is something else than `value`, `looks` times at most. Returns how many times it was still `value`. Out of
 * line, so that a look takes as long wherever it is: the caller measures how many it makes in a microsecond.
 */
NOINLINE int32_t look_until_change(const int32_t *at, int32_t value, int32_t looks) {
  int32_t i = 0;
  while (i < looks && load_shared(at) == value) i++;
  return i;
}

/* Milliseconds of a clock; 0 where nobody sleeps. */
#ifdef __wasm__
__attribute__((import_module("env"), import_name("now"))) double now(void);
#else
INLINE double now(void) { return 0; }
#endif

#define FOR_EVER -1LL

/* Sleeps until somebody wakes the sleepers of *at, unless it is something else than `value`. 0: the time is over. */
INLINE int sleep_while(int32_t *at, int32_t value, long long nanoseconds) {
#ifdef __wasm__
  return __builtin_wasm_memory_atomic_wait32(at, value, nanoseconds) != 2;
#else
  (void)at;
  (void)value;
  (void)nanoseconds;
  return 1;
#endif
}

INLINE void wake_all(int32_t *at) {
#ifdef __wasm__
  __builtin_wasm_memory_atomic_notify(at, ~0u);
#else
  (void)at;
#endif
}

#endif
