/*
 * What the engine is compiled for: the one file that knows of instruction sets.
 *
 *   VL    floats of a vector as the source has it: two registers, so that one has the other to hide its latency
 *   ROWS  rows of a tile: its 2 * ROWS registers of sums, two of the weight and one of a row must be there
 */
#ifndef MACHINE_H
#define MACHINE_H

#if defined(__AVX512F__)
#define VL 32
#define ROWS 12
#elif defined(__AVX2__)
#define VL 16
#define ROWS 6
#elif defined(__aarch64__)
#define VL 8
#define ROWS 8
#else
/* 8 registers of sums, 2 of the weight and 1 of a row, of the 15 that V8 has. */
#define VL 8
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

#endif
