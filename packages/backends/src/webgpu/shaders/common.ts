import type { WeightFormat } from '../../graph/weight-format.ts';
import type { BindingKind, DeviceAbilities } from './kernel.ts';

import type { MatrixLayout } from './matrix-layout.ts';

/** Words before the arrays of a frame. */
export const headerWords = 8;
/** Arrays of a frame in order, each with room for the maximum number of tokens. */
export const frameArrays = [
  'ids',
  'tables',
  'positions',
  'slots',
  'ends',
  'scored',
  'sourceTables',
  'sourceEnds',
] as const;

/** Buffers by the names that kernels use, with their types. */
const declarations: Readonly<Record<string, readonly [BindingKind, string]>> = {
  p: ['uniform', 'var<uniform> p : array<vec4u, 4>'],
  frame: ['read', 'var<storage, read> frame : array<u32>'],
  arena: ['write', 'var<storage, read_write> arena : array<f32>'],
  vectors: ['read', 'var<storage, read> vectors : array<f32>'],
  weights: ['read', 'var<storage, read> weights : array<u32>'],
  pool: ['write', 'var<storage, read_write> pool : array<u32>'],
  partials: ['write', 'var<storage, read_write> partials : array<f32>'],
  target: ['write', 'var<storage, read_write> target_ : array<f32>'],
};

export type BufferName = 'p' | 'frame' | 'arena' | 'vectors' | 'weights' | 'pool' | 'partials' | 'target';

export function bindingsOf(names: readonly BufferName[]): BindingKind[] {
  return names.map((name) => declarations[name]![0]);
}

/** Declarations of the buffers of a kernel, in order. `halves`: weights are half-precision numbers instead of bits. */
export function buffers(names: readonly BufferName[], halves = false): string {
  const declared = (name: BufferName): string =>
    halves && name === 'weights' ? 'var<storage, read> weights : array<vec4<f16>>' : declarations[name]![1];
  return names.map((name, i) => `@group(0) @binding(${i}) ${declared(name)};`).join('\n');
}

/** Access to the frame. `counted` selects all tokens or the scored ones. */
export function frameAccess(maxTokens: number, counted: 'tokens' | 'scored'): string {
  return `${frameArrays
    .map((name, i) => `fn ${name}(i : u32) -> u32 { return frame[${headerWords + i * maxTokens}u + i]; }`)
    .join('\n')}
fn tokenCount() -> u32 { return frame[${counted === 'tokens' ? 0 : 1}]; }
fn block(i : u32) -> u32 { return frame[${headerWords + frameArrays.length * maxTokens}u + i]; }`;
}

/**
 * Whether a kernel reads weights as native half-precision numbers, which gives the same values in fewer and wider
 * reads.
 */
export function readsHalves({ format }: MatrixLayout, { float16 }: DeviceAbilities): boolean {
  return format === 'f16' && float16;
}

/**
 * `weights8(row, chunk)`: eight consecutive weights of a row as two vectors, in any format. `halves` as in `buffers`.
 */
export function weightAccess({ format, wordsPerRow, scales, padded }: MatrixLayout, halves: boolean): string {
  const read: Record<WeightFormat, string> = {
    f32: `let at = row * ${wordsPerRow}u + chunk * 8u;
  return mat2x4f(bitcast<vec4f>(vec4u(weights[at], weights[at + 1u], weights[at + 2u], weights[at + 3u])),
    bitcast<vec4f>(vec4u(weights[at + 4u], weights[at + 5u], weights[at + 6u], weights[at + 7u])));`,
    f16: halves
      ? `let at = row * ${wordsPerRow / 2}u + chunk * 2u;
  return mat2x4f(vec4f(weights[at]), vec4f(weights[at + 1u]));`
      : `let at = row * ${wordsPerRow}u + chunk * 4u;
  return mat2x4f(vec4f(unpack2x16float(weights[at]), unpack2x16float(weights[at + 1u])),
    vec4f(unpack2x16float(weights[at + 2u]), unpack2x16float(weights[at + 3u])));`,
    '8-bit': `let at = row * ${wordsPerRow}u + chunk * 2u;
  let scale = bitcast<f32>(weights[${scales}u + row]);
  return mat2x4f(signed4(weights[at]) * scale, signed4(weights[at + 1u]) * scale);`,
    '8-bit-blocks': `let at = row * ${wordsPerRow}u + chunk * 2u;
  let scale = blockScale(row, chunk);
  return mat2x4f(signed4(weights[at]) * scale, signed4(weights[at + 1u]) * scale);`,
    '4-bit-blocks': `let word = weights[row * ${wordsPerRow}u + chunk];
  let scale = blockScale(row, chunk);
  let low = (vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let high = (vec4u(word) >> vec4u(16u, 20u, 24u, 28u)) & vec4u(15u);
  return mat2x4f((vec4f(low) - 8.0) * scale, (vec4f(high) - 8.0) * scale);`,
  };
  return `${signed4}
${
  format.endsWith('-blocks')
    ? `fn blockScale(row : u32, chunk : u32) -> f32 {
  let index = row * ${padded / 32}u + chunk / 4u;
  let two = unpack2x16float(weights[${scales}u + index / 2u]);
  return select(two.x, two.y, (index & 1u) == 1u);
}`
    : ''
}
fn weights8(row : u32, chunk : u32) -> mat2x4f {
  ${read[format]}
}`;
}

/** Four signed bytes as numbers. */
export const signed4 = `fn signed4(word : u32) -> vec4f {
  return vec4f((vec4i(vec4u(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}`;

/**
 * `isNaN(x)`, from the bits: WGSL lets a compiler assume that comparisons, `min`, `max` and `clamp` never meet NaN, so
 * they may turn one into a number.
 */
const nanTest = 'fn isNaN(x : f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }';

/**
 * `exponential(x)` for x <= 0, accurate to the last bits; NaN for NaN. The `exp` of WGSL may be off by 2 |x| units in the last
 * place, which is visible where attention has large scores. x is reduced to n log 2 + r, with log 2 in two parts; the
 * rest is a series.
 */
export const exponential: string = `${nanTest}
fn exponential(given : f32) -> f32 {
  let x = max(given, -87.0);
  let n = round(x * 1.4426950408889634);
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  let series = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666667 + r * (0.008333334 + r * 0.0013888889)))));
  return select(select(ldexp(series, i32(n)), 0.0, given < -87.0), given, isNaN(given));
}`;

/** Element-wise functions by name. tanh is written so that it cannot overflow. NaN stays NaN. */
export const activations: string = `${nanTest}
fn tanhSafe(x : f32) -> f32 { return select(tanh(clamp(x, -20.0, 20.0)), x, isNaN(x)); }
// Numerical Recipes' Chebyshev fit of erfc; its relative error is below 1.2e-7.
fn erf(x : f32) -> f32 {
  let z = abs(x);
  let t = 1.0 / (1.0 + 0.5 * z);
  let c = t * exp(-z * z - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 +
    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))))));
  return select(c - 1.0, 1.0 - c, x >= 0.0);
}
fn act_none(x : f32) -> f32 { return x; }
fn act_relu(x : f32) -> f32 { return select(max(x, 0.0), x, isNaN(x)); }
fn act_silu(x : f32) -> f32 { return select(x / (1.0 + exp(min(-x, 80.0))), x, isNaN(x)); }
fn act_gelu(x : f32) -> f32 { return select(0.5 * x * (1.0 + erf(x * 0.7071067811865476)), x, isNaN(x)); }
fn act_gelu_tanh(x : f32) -> f32 {
  return 0.5 * x * (1.0 + tanhSafe(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}`;

/** Rotated element `d` of a head that starts at `base` in the arena. */
export function rotaryFunction(
  options: { readonly rotated: number; readonly style: 'neox' | 'interleaved' } | undefined,
): string {
  if (options === undefined)
    return 'fn turned(base : u32, d : u32, position : u32, table : u32) -> f32 { return arena[base + d]; }';
  const { rotated, style } = options;
  const half = rotated / 2;
  const [partner, angle, first] =
    style === 'neox'
      ? [`select(d - ${half}u, d + ${half}u, d < ${half}u)`, `select(d - ${half}u, d, d < ${half}u)`, `d < ${half}u`]
      : ['d ^ 1u', 'd / 2u', '(d & 1u) == 0u'];
  return `fn turned(base : u32, d : u32, position : u32, table : u32) -> f32 {
  let x = arena[base + d];
  if (d >= ${rotated}u) { return x; }
  let at = table + position * ${rotated}u + (${angle});
  let y = arena[base + (${partner})];
  let c = vectors[at];
  let s = vectors[at + ${half}u];
  return select(x * c + y * s, x * c - y * s, ${first});
}`;
}
