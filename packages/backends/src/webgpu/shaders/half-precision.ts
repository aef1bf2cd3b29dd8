const float = new Float32Array(1);
const bitsOfFloat = new Uint32Array(float.buffer);

/** The nearest half-precision number as bits, ties to even. Numbers that are too large become the largest one. */
export function halfBits(value: number): number {
  float[0] = Math.max(-65504, Math.min(65504, value));
  const bits = bitsOfFloat[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 127;
  if (exponent < -25) return sign;
  const fraction = (bits & 0x7fffff) | 0x800000;
  const shift = exponent < -14 ? -1 - exponent : 13;
  const half = exponent < -14 ? 0 : (exponent + 14) << 10;
  const rest = fraction & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const down = fraction >>> shift;
  return sign | (half + down + (rest > middle || (rest === middle && (down & 1) === 1) ? 1 : 0));
}

/** The number that half-precision bits encode. Infinities and NaN are not supported. */
export function fromHalfBits(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}
