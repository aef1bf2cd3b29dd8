import { activationGelu, activationGeluTanh, activationRelu, activationSilu } from '../src/wasm/module/layout';
import { multiplyAdd } from './vectors';

/**
 * e^x per lane, within 2 units in the last place; 0 below -87, clamped at e^88, NaN for NaN. x = n ln 2 + r, with a
 * polynomial of degree six in r. Source: the expf of the Cephes library (Moshier).
 */
export function exponential(x: v128): v128 {
  const clamped = f32x4.min(f32x4.max(x, f32x4.splat(-87.3)), f32x4.splat(88.0));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(<f32>Math.LOG2E)));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = multiplyAdd(p, r, f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1.0));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  // Not x >= -87.3, which is false for NaN.
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(-87.3)));
}

/** tanh x = 1 - 2 / (e^2x + 1). Absolute error about 1e-7. */
export function hyperbolicTangent(x: v128): v128 {
  const e = exponential(f32x4.add(x, x));
  return f32x4.sub(f32x4.splat(1.0), f32x4.div(f32x4.splat(2.0), f32x4.add(e, f32x4.splat(1.0))));
}

/** The error function within 1.5e-7. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. */
function errorFunction(x: v128): v128 {
  const positive = f32x4.abs(x);
  const t = f32x4.div(f32x4.splat(1.0), f32x4.add(f32x4.splat(1.0), f32x4.mul(positive, f32x4.splat(0.3275911))));
  let p = f32x4.splat(1.061405429);
  p = multiplyAdd(p, t, f32x4.splat(-1.453152027));
  p = multiplyAdd(p, t, f32x4.splat(1.421413741));
  p = multiplyAdd(p, t, f32x4.splat(-0.284496736));
  p = multiplyAdd(p, t, f32x4.splat(0.254829592));
  const tail = f32x4.mul(f32x4.mul(p, t), exponential(f32x4.neg(f32x4.mul(x, x))));
  const result = f32x4.sub(f32x4.splat(1.0), tail);
  return v128.or(result, v128.and(x, i32x4.splat(0x80000000)));
}

/** The element-wise function applied after a linear map. */
export function activate(x: v128, activation: i32): v128 {
  switch (activation) {
    case activationRelu:
      return f32x4.max(x, f32x4.splat(0.0));
    case activationSilu:
      return f32x4.div(x, f32x4.add(f32x4.splat(1.0), exponential(f32x4.neg(x))));
    case activationGelu: {
      const half = f32x4.mul(x, f32x4.splat(0.5));
      return f32x4.mul(half, f32x4.add(errorFunction(f32x4.mul(x, f32x4.splat(<f32>Math.SQRT1_2))), f32x4.splat(1.0)));
    }
    case activationGeluTanh: {
      // (1 + tanh y) / 2 = 1 / (1 + e^-2y), with y = sqrt(2 / pi) (x + 0.044715 x^3).
      const slope = multiplyAdd(
        f32x4.mul(x, x),
        f32x4.splat(-2 * 0.044715 * 0.7978845608028654),
        f32x4.splat(-2 * 0.7978845608028654),
      );
      return f32x4.div(x, f32x4.add(f32x4.splat(1.0), exponential(f32x4.mul(x, slope))));
    }
    default:
      return x;
  }
}
