import { threefryParity, threefryRotations } from '@tokenwright/core/sampling';

/** Threefry-2x32 with 13 rounds, written out. */
function rounds(): string {
  const lines: string[] = [];
  for (let round = 0; round < 13; round++) {
    const rotation = threefryRotations[round & 7]!;
    lines.push(`  x.x += x.y; x.y = ((x.y << ${rotation}u) | (x.y >> ${32 - rotation}u)) ^ x.x;`);
    if ((round & 3) !== 3) continue;
    const injection = (round + 1) >> 2;
    lines.push(`  x.x += keys[${injection % 3}]; x.y += keys[${(injection + 1) % 3}] + ${injection}u;`);
  }
  return lines.join('\n');
}

/**
 * The noise of tokens, with the integer bits of `gumbelNoise` in core, and in float32. Every logarithm is a series of
 * additions and multiplications, which WGSL rounds exactly; its own `log` may be off by 2^-21 near 1, and then a small
 * exponential number would have no correct digit.
 */
export const race: string = `
fn threefry(key : vec2u, counter : vec2u) -> vec2u {
  let keys = array<u32, 3>(key.x, key.y, key.x ^ key.y ^ ${threefryParity}u);
  var x = counter + key;
${rounds()}
  return x;
}
// ln((1 + t) / (1 - t)) for |t| <= 1/3.
fn twiceArtanh(t : f32) -> f32 {
  let s = t * t;
  return 2.0 * t * (1.0 + s * (1.0 / 3.0 + s * (0.2 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * (1.0 / 11.0 + s / 13.0))))));
}
fn naturalLog(x : f32) -> f32 {
  let parts = frexp(x);
  // In [sqrt(1/2), sqrt(2)), so that t is at most 0.172 in size.
  let small = parts.fract < 0.70710678;
  let m = select(parts.fract, 2.0 * parts.fract, small);
  let exponent = f32(select(parts.exp, parts.exp - 1, small));
  return exponent * 0.69314718 + twiceArtanh((m - 1.0) / (m + 1.0));
}
// With 52 bits in two words: v = (n + 1/2) / 2^52, and the exponential number is -ln(1 - v).
fn noiseOf(high : u32, low : u32) -> f32 {
  let fraction = (f32(low >> 12u) + 0.5) / 1048576.0;
  var exponential : f32;
  if (high < 0x80000000u) {
    let v = (f32(high) + fraction) / 4294967296.0;
    exponential = twiceArtanh(v / (2.0 - v));
  } else {
    exponential = -naturalLog((f32(~high) + (1.0 - fraction)) / 4294967296.0);
  }
  return -naturalLog(exponential);
}
// An upper bound of the noise, by the number of zeros before the first bit; a little more, for rounding.
fn mostNoise(high : u32) -> f32 {
  return select(0.69314718 * f32(countLeadingZeros(high) + 1u), 36.75, high == 0u) + 0.001;
}`;
