/* sigmoid, tanh and relu over vectors. A NaN comes through; so do infinities, as the limits. */
#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H

#include "../vec.h"

/*
 * 2^x, with x limited to -127..128: the result is 0 at the lower end and infinity at the upper one. So sigmoid reaches 0 and 1, and
 * tanh -1 and 1, as they do in torch, where 0 * infinity is NaN.
 *
 * x = n + f with n the nearest integer, |f| <= 1/2. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits,
 * where it becomes the exponent of 2^n. 2^f is its Taylor polynomial of degree 6 with the last coefficient moved for a
 * smaller error over |f| <= 1/2: relative error below 2e-8 before rounding.
 */
INLINE vf exp2_limited(vf x) {
  x = at_least(-127.f, at_most(128.f, x));
  const vf magic = splat(12582912.f + 127.f);
  vf shifted = x + magic;
  vf f = x - (shifted - magic);
  vf y = splat(1.5403530e-4f);
  y = y * f + splat(1.33335581e-3f);
  y = y * f + splat(9.61812911e-3f);
  y = y * f + splat(5.55041087e-2f);
  y = y * f + splat(2.40226507e-1f);
  y = y * f + splat(6.93147181e-1f);
  y = y * f + splat(1.f);
  return y * (vf)((vu)shifted << 23);
}

/* 1 / (1 + e^-x); log2(e) = 1.442695. */
INLINE vf sigmoid(vf x) { return splat(1.f) / (splat(1.f) + exp2_limited(x * splat(-1.44269504f))); }

/*
 * 1 - 2 / (1 + e^2|x|) with the sign of x: of a negative x itself the quotient would be near 2 and its rounding twice as large
 * (1.8e-7 against 0.9e-7). Near zero the formula would be 1e-7 off for the smallest x as well. The odd polynomial of Cephes' tanhf
 * takes its place there: small states, and the gradients that are made of them, stay as exact as in PyTorch.
 */
INLINE vf tanh_of(vf x) {
  vi sign = (vi)x & INT32_MIN;
  x = (vf)((vi)x ^ sign);
  vf far = splat(1.f) - splat(2.f) / (splat(1.f) + exp2_limited(x * splat(2.88539008f)));
  vf s = x * x;
  vf p = splat(-5.70498872745e-3f);
  p = p * s + splat(2.06390887954e-2f);
  p = p * s + splat(-5.37397155531e-2f);
  p = p * s + splat(1.33314422036e-1f);
  p = p * s + splat(-3.33332819422e-1f);
  vf near = p * s * x + x;
  return (vf)((vi)select(s < splat(0.390625f), near, far) | sign);
}

/* max(x, 0); a NaN stays one. */
INLINE vf relu(vf x) { return at_least(0.f, x); }

#endif
