/* Vectors of VL floats, each in two registers; the last of a row may be narrow: its first register alone. */
#ifndef VEC_H
#define VEC_H

#include "engine.h"

#define NOINLINE static __attribute__((noinline, unused))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Floats of a register. */
#define REG (VL / 2)

typedef float vf __attribute__((vector_size(VL * 4)));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef uint32_t vu __attribute__((vector_size(VL * 4)));
typedef float vf_unaligned __attribute__((vector_size(VL * 4), aligned(4), may_alias));

INLINE vf load(const float *p) { return *(const vf_unaligned *)p; }
INLINE void store(float *p, vf v) { *(vf_unaligned *)p = v; }
INLINE reg load_reg(const float *p) { return *(const reg_unaligned *)p; }
INLINE void store_reg(float *p, reg v) { *(reg_unaligned *)p = v; }
/* x - 0 is x, of -0 too, so no instruction is left of it; 0 + x is another zero of -0, and would be added for every broadcast. */
INLINE vf splat(float x) { return x - (vf){0}; }

/* The two registers of a vector. */
INLINE reg low_half(vf v) { return ((reg *)&v)[0]; }
INLINE reg high_half(vf v) { return ((reg *)&v)[1]; }
INLINE vf joined(reg low, reg high) {
  vf v;
  ((reg *)&v)[0] = low;
  ((reg *)&v)[1] = high;
  return v;
}

/* A vector of two registers, or the first of one; a compiler leaves out what is made of the other. */
INLINE vf load_regs(const int regs, const float *p) { return regs == 2 ? load(p) : joined(load_reg(p), (reg){0}); }
INLINE void store_regs(const int regs, float *p, vf v) {
  if (regs == 2) store(p, v);
  else store_reg(p, low_half(v));
}

/* The first `count` of VL elements; the rest is zero, and is not read. */
INLINE vf load_part(const float *p, long count) {
  if (count >= VL) return load(p);
#ifdef HAS_MASKS
  return joined(load_few(p, count), count > REG ? load_few(p + REG, count - REG) : (reg){0});
#else
  vf v = {0};
  for (long i = 0; i < count; i++) v[i] = p[i];
  return v;
#endif
}

INLINE void store_part(float *p, vf v, long count) {
  if (count >= VL) {
    store(p, v);
    return;
  }
#ifdef HAS_MASKS
  store_few(p, low_half(v), count);
  if (count > REG) store_few(p + REG, high_half(v), count - REG);
#else
  for (long i = 0; i < count; i++) p[i] = v[i];
#endif
}

INLINE void copy_row(float *to, const float *from, long size) {
  for (long j = 0; j < size; j += VL) store_part(to + j, load_part(from + j, size - j), size - j);
}

/* A mask of the first `count` of VL elements. */
INLINE vi first(long count) {
#define FOUR(n) n, n + 1, n + 2, n + 3
#define EIGHT(n) FOUR(n), FOUR(n + 4)
#if VL == 32
  const vi lanes = {EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24)};
#elif VL == 16
  const vi lanes = {EIGHT(0), EIGHT(8)};
#else
  const vi lanes = {EIGHT(0)};
#endif
  return lanes < (vi){0} + (int32_t)(count < VL ? count : VL);
}

/* v where the mask is set, zero elsewhere, also in place of a NaN. */
INLINE vf keep(vi mask, vf v) { return (vf)((vi)v & mask); }

/* |v| and -|v|; a NaN stays one. */
INLINE vf magnitude(vf v) { return (vf)((vi)v & INT32_MAX); }
INLINE vf minus_magnitude(vf v) { return (vf)((vi)v | INT32_MIN); }

/* a where the mask is set, b elsewhere. */
INLINE vf choose(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }

/*
 * The smaller and the larger of a limit and x; a NaN of x stays one. In wasm by the name of the instruction: clang makes a minimum
 * of a comparison and a selection, with relaxed SIMD one that may give anything for a NaN.
 */
INLINE vf at_most(float limit, vf x) {
#ifdef __wasm_simd128__
  reg most = low_half(splat(limit));
  return joined(__builtin_wasm_pmin_f32x4(low_half(x), most), __builtin_wasm_pmin_f32x4(high_half(x), most));
#else
  return choose(splat(limit) < x, splat(limit), x);
#endif
}

INLINE vf at_least(float limit, vf x) {
#ifdef __wasm_simd128__
  reg least = low_half(splat(limit));
  return joined(__builtin_wasm_pmax_f32x4(low_half(x), least), __builtin_wasm_pmax_f32x4(high_half(x), least));
#else
  return choose(splat(limit) > x, splat(limit), x);
#endif
}

/* a * b + c; rounded once where the machine has an instruction for it and the build says so. */
#if defined(__wasm_relaxed_simd__)
INLINE reg multiply_add_reg(reg a, reg b, reg c) { return __builtin_wasm_relaxed_madd_f32x4(a, b, c); }
INLINE vf multiply_add(vf a, vf b, vf c) {
  return joined(multiply_add_reg(low_half(a), low_half(b), low_half(c)),
                multiply_add_reg(high_half(a), high_half(b), high_half(c)));
}
#else
#if defined(__clang__) && (defined(__FMA__) || defined(__aarch64__))
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif
INLINE reg multiply_add_reg(reg a, reg b, reg c) { return MULTIPLY_ADD(a, b, c); }
INLINE vf multiply_add(vf a, vf b, vf c) { return MULTIPLY_ADD(a, b, c); }
#endif

/* Columns with their padding. */
INLINE long padded(long columns) { return (columns + PAD - 1) / PAD * PAD; }

/* Registers of the next vector where so many columns are left. */
INLINE int regs_of(long left) { return PAD < VL && left <= PAD ? 1 : 2; }

/* INT32_MAX in place of a count that no index reaches and that would wrap around. */
INLINE int32_t limited(int64_t floats) { return floats > INT32_MAX ? INT32_MAX : (int32_t)floats; }

#endif
