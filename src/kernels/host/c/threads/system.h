/* What a native build asks of its system: a clock, and sleep on an address until another thread of the process wakes it. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdint.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <errno.h>
#include <time.h>
#endif
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
/* As libc++ uses them; in libSystem since macOS 10.12. */
int __ulock_wait(uint32_t operation, void *at, uint64_t value, uint32_t microseconds);
int __ulock_wake(uint32_t operation, void *at, uint64_t value);
#define ULOCK_COMPARE_AND_WAIT 1
#define ULOCK_WAKE_ALL 0x100
#endif

/* Milliseconds of a clock. */
static inline double now(void) {
#ifdef _WIN32
  LARGE_INTEGER ticks, frequency;
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&frequency);
  return 1e3 * (double)ticks.QuadPart / (double)frequency.QuadPart;
#else
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + (double)t.tv_nsec / 1e6;
#endif
}

/* Sleeps while *at is `value`; negative nanoseconds: without end. It may also wake for no reason. 0: the time is over. */
static inline int system_sleep(int32_t *at, int32_t value, long long nanoseconds) {
#if defined(__linux__)
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return !(syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, value, nanoseconds < 0 ? 0 : &limit, 0, 0) < 0 && errno == ETIMEDOUT);
#elif defined(__APPLE__)
  /* 0 microseconds: without end. */
  uint32_t microseconds = nanoseconds < 0 ? 0 : (uint32_t)(nanoseconds / 1000 + 1);
  return !(__ulock_wait(ULOCK_COMPARE_AND_WAIT, at, (uint32_t)value, microseconds) < 0 && errno == ETIMEDOUT);
#elif defined(_WIN32)
  DWORD milliseconds = nanoseconds < 0 ? INFINITE : (DWORD)(nanoseconds / 1000000 + 1);
  return WaitOnAddress(at, &value, 4, milliseconds) || GetLastError() != ERROR_TIMEOUT;
#else
#error "no way is known here to sleep on an address"
#endif
}

static inline void system_wake(int32_t *at) {
#if defined(__linux__)
  syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
#elif defined(__APPLE__)
  __ulock_wake(ULOCK_COMPARE_AND_WAIT | ULOCK_WAKE_ALL, at, 0);
#elif defined(_WIN32)
  WakeByAddressAll(at);
#endif
}

#endif
