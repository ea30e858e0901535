/* Which instruction sets this processor has, asked of it by ourselves: __builtin_cpu_supports of some compilers always says no. */

#include "sets.h"

#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>

extern const struct build build_avx512, build_avx2, build_sse2;

struct registers {
  uint32_t a, b, c, d;
};

static struct registers cpuid(uint32_t leaf) {
  struct registers r = {0, 0, 0, 0};
  if (__get_cpuid_max(leaf & 0x80000000u, 0) < leaf) return r;
  __cpuid_count(leaf, 0, r.a, r.b, r.c, r.d);
  return r;
}

/* The registers that the operating system saves, as XGETBV tells: bits of XCR0. */
static uint64_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

#define BIT(n) (1u << (n))
/* Leaf 1, ecx. */
#define FMA BIT(12)
#define OSXSAVE BIT(27)
#define AVX BIT(28)
/* Leaf 7, ebx. */
#define BMI1 BIT(3)
#define AVX2 BIT(5)
#define BMI2 BIT(8)
#define AVX512F BIT(16)
#define AVX512DQ BIT(17)
#define AVX512CD BIT(28)
#define AVX512BW BIT(30)
#define AVX512VL BIT(31)
/* Of XCR0: xmm and ymm; besides those opmask and zmm. */
#define YMM_SAVED 0x6u
#define ZMM_SAVED 0xe6u
/* What the compiler may use in a build for x86-64-v3 or v4. */
#define V3_OF_1 (FMA | OSXSAVE | AVX)
#define V3_OF_7 (BMI1 | AVX2 | BMI2)
#define V4_OF_7 (V3_OF_7 | AVX512F | AVX512DQ | AVX512CD | AVX512BW | AVX512VL)

static int has(uint32_t bits, uint32_t wanted) { return (bits & wanted) == wanted; }

static int is_available(const struct build *build) {
  uint32_t one = cpuid(1).c, seven = cpuid(7).b;
  uint32_t saved = has(one, OSXSAVE) ? (uint32_t)saved_registers() : 0;
  if (build == &build_avx512) return has(one, V3_OF_1) && has(seven, V4_OF_7) && has(saved, ZMM_SAVED);
  if (build == &build_avx2) return has(one, V3_OF_1) && has(seven, V3_OF_7) && has(saved, YMM_SAVED);
  return 1;
}

static const struct build *const builds[] = {&build_avx512, &build_avx2, &build_sse2};
#else
extern const struct build build_neon;

static int is_available(const struct build *build) {
  (void)build;
  return 1;
}

static const struct build *const builds[] = {&build_neon};
#endif

enum { COUNT = sizeof builds / sizeof *builds };

const struct build *find_build(const char *set) {
  for (int i = 0; i < COUNT; i++)
    if ((!*set || !strcmp(set, builds[i]->set)) && is_available(builds[i])) return builds[i];
  return 0;
}

const char *const *available_sets(void) {
  static _Thread_local const char *names[COUNT + 1];
  int n = 0;
  for (int i = 0; i < COUNT; i++)
    if (is_available(builds[i])) names[n++] = builds[i]->set;
  names[n] = 0;
  return names;
}
