/* sigmoid, tanh and relu over vectors. A NaN comes through; so do infinities, as the limits. */
#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H

#include "../vec.h"

/*
 * e^x of an x that is not positive. Below -88 it is 0, so sigmoid reaches 0 and 1, and tanh -1 and 1, as they do in torch, where
 * 0 * infinity is NaN.
 *
 * x = n ln 2 + g with n the nearest integer. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits, where it becomes
 * the exponent of 2^n. ln 2 is taken off in two parts, since a product with all of its digits would be rounded: the first has 9
 * digits, so n times it is exact. e^g = 1 + g + g^2 p(g) with the best p of degree 4 over |g| <= ln 2 / 2: a relative error below
 * 4e-9 before rounding. Its terms are added in pairs, which are ready sooner than one after the other.
 *
 * scripts/tools/fit-activations.py finds the coefficients, here and below.
 */
INLINE vf exp_not_positive(vf x) {
  x = at_least(-88.f, x);
  const vf magic = splat(12582912.f + 127.f);
  vf shifted = multiply_add(x, splat(1.44269504f), magic);
  vf n = shifted - magic;
  vf g = multiply_add(n, splat(2.12194440e-4f), multiply_add(n, splat(-0.693359375f), x));
  vf g2 = g * g;
  vf low = multiply_add(g, splat(1.66665208e-1f), splat(4.99999935e-1f));
  vf high = multiply_add(g, splat(8.36870273e-3f), splat(4.16683825e-2f));
  vf p = multiply_add(multiply_add(g2, splat(1.38148427e-3f), high), g2, low);
  vf y = multiply_add(p, g2, g) + splat(1.f);
  return y * (vf)((vu)shifted << 23);
}

/*
 * With t = e^-|x| it is t / (1 + t) of a negative x, and 1 less that of any other. The quotient is at most 1/2, so it is rounded half
 * as much as 1 / (1 + t) would be.
 */
INLINE vf sigmoid(vf x) {
  vf t = exp_not_positive(minus_magnitude(x));
  vf s = t / (splat(1.f) + t);
  return choose(x < splat(0.f), s, splat(1.f) - s);
}

/*
 * 1 - 2t / (1 + t) with t = e^-2|x|, and the sign of x. For |x| < 1 this would double the rounding, and be 1e-7 off for the smallest x
 * as well. There it is x + x^3 p(x^2) with the best p of degree 6: a relative error below 5e-9 before rounding. So small states, and
 * the gradients that are made of them, stay as exact as in PyTorch.
 */
INLINE vf tanh_of(vf x) {
  vi sign = (vi)x & INT32_MIN;
  x = magnitude(x);
  vf t = exp_not_positive(-x - x);
  vf far = splat(1.f) - (t + t) / (splat(1.f) + t);
  vf s = x * x;
  vf s2 = s * s;
  vf low = multiply_add(s, splat(1.33323456e-1f), splat(-3.33332955e-1f));
  vf middle = multiply_add(s, splat(2.14868083e-2f), splat(-5.38798594e-2f));
  vf high = multiply_add(s, splat(2.30150853e-3f), splat(-7.94631454e-3f));
  high = multiply_add(s2, splat(-3.58491427e-4f), high);
  vf p = multiply_add(multiply_add(high, s2, middle), s2, low);
  vf near = multiply_add(x * s, p, x);
  return (vf)((vi)choose(s < splat(1.f), near, far) | sign);
}

/* max(x, 0); a NaN stays one. */
INLINE vf relu(vf x) { return at_least(0.f, x); }

#endif
