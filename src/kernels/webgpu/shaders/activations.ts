/**
 * sigmoid and tanh. No finite x makes them NaN: WGSL's own tanh may be a quotient of two exponentials, which overflow. The
 * equations are those of the engine (host/c/cells/activations.h): tanh of a small x has the digits of x, so that small states,
 * and the gradients that are made of them, stay as exact as in PyTorch.
 */
export const ACTIVATIONS = /* wgsl */ `
  // e^x of an x that is not positive; below -87 it would not be a normal number.
  fn exp_not_positive(x : vec4<f32>) -> vec4<f32> {
    return exp(max(x, vec4<f32>(-87.0)));
  }

  // With t = e^-|x| it is t / (1 + t) of a negative x, and 1 less that of any other.
  fn sigmoid(x : vec4<f32>) -> vec4<f32> {
    let t = exp_not_positive(-abs(x));
    let s = t / (1.0 + t);
    return select(1.0 - s, s, x < vec4<f32>());
  }

  // 1 - 2t / (1 + t) with t = e^-2|x|, and the sign of x; for |x| < 1 it is x + x^3 p(x^2).
  fn tanh_of(x : vec4<f32>) -> vec4<f32> {
    let t = exp_not_positive(-2.0 * min(abs(x), vec4<f32>(50.0)));
    let far = sign(x) * (1.0 - 2.0 * t / (1.0 + t));
    let small = clamp(x, vec4<f32>(-1.0), vec4<f32>(1.0));
    let s = small * small;
    var p = vec4<f32>(-3.58491427e-4);
    p = p * s + 2.30150853e-3;
    p = p * s - 7.94631454e-3;
    p = p * s + 2.14868083e-2;
    p = p * s - 5.38798594e-2;
    p = p * s + 1.33323456e-1;
    p = p * s - 3.33332955e-1;
    return select(far, small + small * s * p, abs(x) < vec4<f32>(1.0));
  }
`;
