/** Small vector functions that several kernels share. All work on four float32 lanes. */

/** The sums of four vectors of four int32, as one vector. */
export function sumsOfIntegers(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

/** The sums of four vectors of four float32, as one vector. */
export function sumsOfFloats(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The sum of the four lanes. */
export function laneSum(a: v128): f32 {
  return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

/** The largest of the four lanes. */
export function laneMax(a: v128): f32 {
  const b = f32x4.max(a, v128.shuffle<f32>(a, a, 2, 3, 2, 3));
  return max<f32>(f32x4.extract_lane(b, 0), f32x4.extract_lane(b, 1));
}

/** a * b + c; in the relaxed build with one rounding or two, depending on the machine. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/*
 * The bits of a half-precision number, moved to their places in a float32 without correcting the exponent bias, give
 * the number times 2^-112. Kernels that multiply with such numbers save one multiplication per number: they scale the
 * other side by 2^100 and the sum by 2^12. Powers of two change no digit, and nothing below 2^28 overflows.
 */

/** Factor on the operand that is multiplied with uncorrected halves: 2^100. */
export const beforeSmallHalves: f32 = 1.2676506002282294e30;

/** Factor on the sum of the products: 2^12. */
export const afterSmallHalves: f32 = 4096.0;

/** Both factors together: 2^112. */
export const factorOfSmallHalves: f32 = 5.192296858534828e33;

/** The bits of a half-precision number within a float32. */
export const bitsOfHalves: i32 = 0x8fffffff;

/**
 * Four half-precision numbers at an address, as float32, times 2^-112. Infinities and NaN are not expected.
 * @param bits `bitsOfHalves` in each lane; see `kept`.
 */
export function loadSmallHalves(address: usize, bits: v128): v128 {
  return v128.and(i32x4.shl(v128.load_ext<i16>(address), 13), bits);
}

/** Four half-precision numbers at an address, as float32. Infinities and NaN are not expected. */
export function loadHalves(address: usize): v128 {
  return f32x4.mul(loadSmallHalves(address, i32x4.splat(bitsOfHalves)), f32x4.splat(factorOfSmallHalves));
}

/**
 * A loop constant in every lane. V8 materializes a literal again in every iteration, which doubled the time of some
 * loops. It keeps a value that it cannot predict in a register.
 * @param size any number that is not negative.
 */
export function kept(constant: i32, size: i32): v128 {
  return i32x4.splat(constant ^ (size >> 31));
}

/** The exponent of half-precision infinities and NaN. `toHalf` never writes it. */
export const bitsOfHalfNaN: u32 = 0x7c00;

/** True for NaN and infinities. */
export function isBroken(value: f32): bool {
  return (reinterpret<u32>(value) & 0x7f800000) === 0x7f800000;
}

/**
 * A float32 as the nearest half-precision number (ties to even); beyond 65504, the largest one. NaN and infinities
 * must not be given: the kernels, which read halves without their exponent bias, would take them for numbers.
 */
export function toHalf(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = min<f32>(abs<f32>(value), 65504.0);
  if (magnitude < 6.103515625e-5) return sign | <u32>nearest<f32>(magnitude * 16777216.0);
  const rounded = reinterpret<u32>(magnitude);
  return sign | ((rounded - 0x38000000 + 0xfff + ((rounded >>> 13) & 1)) >>> 13);
}

/** A half-precision number as float32. */
export function fromHalf(half: u32): f32 {
  return reinterpret<f32>(((half & 0x8000) << 16) | ((half & 0x7fff) << 13)) * 5.192296858534828e33;
}

/**
 * Copy float32 numbers, `bytes` of them. For short ranges, where a call of memory.copy would cost more than the copy.
 */
export function copyFloats(target: usize, source: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(target + at, v128.load(source + at));
  for (; at < bytes; at += 4) store<f32>(target + at, load<f32>(source + at));
}

/** Fill float32 numbers with zeros. */
export function clearFloats(target: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(target + at, i32x4.splat(0));
  for (; at < bytes; at += 4) store<f32>(target + at, 0);
}
