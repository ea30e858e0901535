/*
 * What the engine is compiled for: the one file that knows of instruction sets.
 *
 *   VL    floats of a vector as the source has it: two registers, so that one has the other to hide its latency
 *   PAD   what units and columns are rounded up to: VL, or one register, where that saves more than it takes
 *   ROWS  rows of a tile: its 2 * ROWS registers of sums, two of the weight and one of a row must be there
 */
#ifndef MACHINE_H
#define MACHINE_H

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define VL 32
#define PAD 16
#define ROWS 12
#elif defined(__AVX2__)
#define VL 16
#define PAD 8
#define ROWS 6
#elif defined(__aarch64__)
#define VL 8
#define PAD 8
#define ROWS 8
#else
/* 8 registers of sums, 2 of the weight and 1 of a row, of the 15 that V8 has. */
#define VL 8
#define PAD 8
#define ROWS 4
#endif

/*
 * Stands between the rows of a step: clang would load the next rows ahead, and spill sums for want of registers, which costs a third
 * of the speed.
 */
#ifdef __clang__
#define IN_ORDER __asm__ volatile("" ::: "memory")
#else
#define IN_ORDER
#endif

/* Before the loop over the depth of a tile: 4 percent with AVX2. With SSE2, whose instructions need more registers, sums are spilled. */
#if defined(__clang__) && defined(__AVX2__)
#define UNROLL_DEPTH _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL_DEPTH
#endif

/* One register. */
typedef float reg __attribute__((vector_size(VL * 2), may_alias));
typedef float reg_unaligned __attribute__((vector_size(VL * 2), aligned(4), may_alias));

/*
 * Where there are masks: the first `count` floats of a register, none where it is negative. The others are zero, and are not read.
 * A loop over them takes up to four times as long as all else that is done for short rows.
 */
#if defined(__AVX512F__)
#define HAS_MASKS
INLINE __mmask16 mask_of(long count) { return (__mmask16)(count >= 16 ? 0xffff : (1 << (count > 0 ? count : 0)) - 1); }
INLINE reg load_few(const float *p, long count) { return (reg)_mm512_maskz_loadu_ps(mask_of(count), p); }
INLINE void store_few(float *p, reg v, long count) { _mm512_mask_storeu_ps(p, mask_of(count), (__m512)v); }
#elif defined(__AVX2__)
#define HAS_MASKS
INLINE __m256i mask_of(long count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE reg load_few(const float *p, long count) { return (reg)_mm256_maskload_ps(p, mask_of(count)); }
/* A masked store takes an AMD processor several cycles. */
INLINE void store_few(float *p, reg v, long count) {
  if (count >= 8) *(reg_unaligned *)p = v;
  else if (count > 0) _mm256_maskstore_ps(p, mask_of(count), (__m256)v);
}
#endif

#endif
