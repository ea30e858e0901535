/*
 * Waiting for another thread to change an integer of the arena: spinning for a while, then asleep. Some threads must not sleep,
 * such as the main one of a page: WebAssembly traps there. They spin on.
 */
#ifndef WAIT_H
#define WAIT_H

#include "../vec.h"

INLINE int32_t load_shared(const int32_t *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }
INLINE void store_shared(int32_t *at, int32_t value) { __atomic_store_n(at, value, __ATOMIC_SEQ_CST); }
/* Returns what was there before. */
INLINE int32_t add_shared(int32_t *at, int32_t n) { return __atomic_fetch_add(at, n, __ATOMIC_SEQ_CST); }

/* Tells the processor that a thread spins, which leaves more of it to the other thread of its core. */
#if defined(__x86_64__)
#define RELAX __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX __asm__ volatile("isb" ::: "memory")
#else
#define RELAX
#endif

/*
 * Reads *at until it differs from `value`, `looks` times at most. Returns how often it was `value`. Out of line, so that a look
 * takes the same time everywhere: the caller measures how many there are in a microsecond.
 */
NOINLINE int32_t look_until_change(const int32_t *at, int32_t value, int32_t looks) {
  int32_t i = 0;
  while (i < looks && load_shared(at) == value) {
    i++;
    RELAX;
  }
  return i;
}

#ifdef __wasm__
/* Milliseconds of a clock. */
__attribute__((import_module("env"), import_name("now"))) double now(void);
/* Whether this thread may sleep. */
__attribute__((import_module("env"), import_name("may_sleep"))) int32_t may_sleep(void);
#else
#include "system.h"
#endif

#define FOR_EVER -1LL

/* Looks between two of the clock. */
#define LOOKS_A_TIME 1000

/* Sleeps until another thread calls wake_all(at), unless *at differs from `value` already. 0: the time is over. */
INLINE int sleep_while(int32_t *at, int32_t value, long long nanoseconds) {
#ifdef __wasm__
  if (may_sleep()) return __builtin_wasm_memory_atomic_wait32(at, value, nanoseconds) != 2;
  double end = now() + (double)nanoseconds / 1e6;
  while (look_until_change(at, value, LOOKS_A_TIME) == LOOKS_A_TIME)
    if (now() >= end) return 0;
  return 1;
#else
  return system_sleep(at, value, nanoseconds);
#endif
}

INLINE void wake_all(int32_t *at) {
#ifdef __wasm__
  __builtin_wasm_memory_atomic_notify(at, ~0u);
#else
  system_wake(at);
#endif
}

#endif
