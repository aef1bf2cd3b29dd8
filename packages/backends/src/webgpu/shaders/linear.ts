import type { Activation } from '@tokenwright/core/engine';
import { activations, bindingsOf, buffers, frameAccess, weightAccess } from './common.ts';
import type { DeviceAbilities, Kernel } from './kernel.ts';
import type { MatrixLayout } from './matrix-layout.ts';

/** A linear map as the kernels see it. Offsets are parameters, so layers of the same shape share a pipeline. */
export interface LinearShape {
  readonly layout: MatrixLayout;
  /** See `readsHalves`. */
  readonly halves: boolean;
  readonly gated: boolean;
  readonly norm: 'layer' | 'rms' | undefined;
  readonly normBias: boolean;
  readonly epsilon: number;
  readonly bias: boolean;
  readonly activation: Activation | undefined;
  readonly residual: boolean;
  readonly maxTokens: number;
  readonly counted: 'tokens' | 'scored';
}

/** Outputs per work group, and maximum number of tokens, of the kernel for few tokens. */
export const fewOutputs = 4;
export const fewTokens = 4;
/** Tokens and outputs per work group of the kernel for many tokens. */
export const tileSize = 32;

const linearBuffers = ['p', 'frame', 'arena', 'vectors', 'weights'] as const;

/**
 * Parameters: p[0] = x, stride of x, result, stride of the result; p[1] = residual, its stride, bias, weight of the
 * norm; p[2].x = bias of the norm. All are offsets in the arena, or in `vectors`.
 */
function prelude(shape: LinearShape, subgroups: boolean): string {
  const { layout, halves, norm, normBias, epsilon, bias, activation, residual, gated, maxTokens, counted } = shape;
  const { rows, inputs } = layout;
  const act = `act_${(activation ?? 'none').replace('-', '_')}`;
  return `${subgroups ? 'enable subgroups;\n' : ''}${halves ? 'enable f16;\n' : ''}${buffers(linearBuffers, halves)}
${frameAccess(maxTokens, counted)}
${weightAccess(layout, halves)}
${activations}
const outputs = ${gated ? rows / 2 : rows}u;
const inputs = ${inputs}u;
fn input(token : u32, k : u32) -> f32 { return arena[p[0].x + token * p[0].y + k]; }
fn normed(x : f32, k : u32, mean : f32, scale : f32) -> f32 {
  ${
    norm === undefined
      ? 'return x;'
      : `return (x - mean) * scale * vectors[p[1].w + k]${normBias ? ' + vectors[p[2].x + k]' : ''};`
  }
}
fn scaleOf(squares : f32) -> f32 { return inverseSqrt(squares / f32(inputs) + ${float(epsilon)}); }
fn finish(token : u32, row : u32, sum : f32, up : f32) {
  if (token >= tokenCount() || row >= outputs) { return; }
  var y = sum;
  ${bias ? 'y += vectors[p[1].z + row];' : ''}
  y = ${act}(y);
  ${gated ? 'y *= up;' : ''}
  ${residual ? 'y += arena[p[1].x + token * p[1].y + row];' : ''}
  arena[p[0].z + token * p[0].w + row] = y;
}`;
}

/**
 * For one to four tokens: a work group reads the weights of four outputs once, eight consecutive inputs per thread, so
 * that memory is read in order. Limited by memory bandwidth.
 */
export function fewTokensKernel(shape: LinearShape, tokens: number, { subgroups }: DeviceAbilities): Kernel {
  const { layout, gated, norm } = shape;
  const rows = gated ? fewOutputs * 2 : fewOutputs;
  const sums = rows * tokens;
  const batch = Math.min(sums, 16);
  const code = `${prelude(shape, subgroups)}
var<workgroup> xs : array<f32, ${512 * tokens}>;
var<workgroup> parts : array<f32, ${64 * batch}>;
var<workgroup> totals : array<f32, ${sums}>;
${groupSum(subgroups)}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id : vec3u, @builtin(num_workgroups) groups : vec3u,
        @builtin(local_invocation_index) lane : u32${subgroups ? ', @builtin(subgroup_size) width : u32' : ''}) {
  ${subgroups ? '' : 'let width = 1u;'}
  let first = (id.x + id.y * groups.x) * ${fewOutputs}u;
  let token0 = id.z * ${tokens}u;
  let here = tokenCount() - token0;
  var means : array<f32, ${tokens}>;
  var scales : array<f32, ${tokens}>;
  ${
    norm === undefined
      ? ''
      : `for (var t = 0u; t < ${tokens}u; t++) {
    ${
      norm === 'layer'
        ? `var sum = 0.0;
    for (var k = lane; k < inputs; k += 64u) { sum += input(token0 + t, k); }
    means[t] = groupSum(sum, lane, width) / f32(inputs);`
        : ''
    }
    var squares = 0.0;
    for (var k = lane; k < inputs; k += 64u) {
      let x = input(token0 + t, k) - means[t];
      squares += x * x;
    }
    scales[t] = scaleOf(groupSum(squares, lane, width));
  }`
  }
  var acc : array<f32, ${sums}>;
  for (var k0 = 0u; k0 < ${layout.padded}u; k0 += 512u) {
    workgroupBarrier();
    for (var t = 0u; t < ${tokens}u; t++) {
      for (var i = lane; i < 512u; i += 64u) {
        let k = k0 + i;
        var x = 0.0;
        if (k < inputs && token0 + t < tokenCount()) { x = normed(input(token0 + t, k), k, means[t], scales[t]); }
        xs[t * 512u + i] = x;
      }
    }
    workgroupBarrier();
    let k = k0 + lane * 8u;
    if (k < ${layout.padded}u) {
      for (var r = 0u; r < ${rows}u; r++) {
        let row = ${
          gated
            ? `min(first + (r & ${fewOutputs - 1}u), outputs - 1u) + select(0u, outputs, r >= ${fewOutputs}u)`
            : 'min(first + r, outputs - 1u)'
        };
        let w = weights8(row, k / 8u);
        ${Array.from({ length: tokens }, (_, t) => dotOf(t, tokens)).join('\n        ')}
      }
    }
  }
  for (var s0 = 0u; s0 < ${sums}u; s0 += ${batch}u) {
    workgroupBarrier();
    for (var s = 0u; s < ${batch}u; s++) {
      ${
        subgroups
          ? `let value = subgroupAdd(acc[s0 + s]);
      if (lane % width == 0u) { parts[s * 64u + lane / width] = value; }`
          : 'parts[s * 64u + lane] = acc[s0 + s];'
      }
    }
    workgroupBarrier();
    if (lane < ${batch}u) {
      var sum = 0.0;
      for (var i = 0u; i < 64u / width; i++) { sum += parts[lane * 64u + i]; }
      totals[s0 + lane] = sum;
    }
  }
  workgroupBarrier();
  if (lane < ${fewOutputs * tokens}u) {
    finish(token0 + lane % ${tokens}u, first + lane / ${tokens}u, totals[lane], totals[${gated ? `lane + ${fewOutputs * tokens}u` : 'lane'}]);
  }
}`;
  return { label: `linear ${layout.format} ${tokens}`, code, bindings: bindingsOf(linearBuffers) };
}

/** Adds eight products of a token. Fewer tokens, such as the one of a decoding step, cost less. */
function dotOf(token: number, tokens: number): string {
  const at = `${token * 512}u + lane * 8u`;
  const four = (from: number): string => [0, 1, 2, 3].map((i) => `xs[${at} + ${from + i}u]`).join(', ');
  return `if (${token}u < here) {
          acc[r * ${tokens}u + ${token}u] += dot(w[0], vec4f(${four(0)})) + dot(w[1], vec4f(${four(4)}));
        }`;
}

/** For many tokens: tiles of 32 tokens and 32 outputs, 4 by 4 per thread. Limited by arithmetic. */
export function manyTokensKernel(shape: LinearShape): Kernel {
  const { layout, gated, norm } = shape;
  const code = `${prelude(shape, false)}
var<workgroup> xs : array<f32, ${tileSize * 33}>;
var<workgroup> ws : array<f32, ${tileSize * 33 * (gated ? 2 : 1)}>;
${norm === undefined ? '' : `var<workgroup> means : array<f32, ${tileSize}>;\nvar<workgroup> scales : array<f32, ${tileSize}>;`}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id : vec3u, @builtin(num_workgroups) groups : vec3u,
        @builtin(local_invocation_index) lane : u32) {
  let first = (id.x + id.y * groups.x) * ${tileSize}u;
  let token0 = id.z * ${tileSize}u;
  ${
    norm === undefined
      ? ''
      : `if (lane < ${tileSize}u && token0 + lane < tokenCount()) {
    let token = token0 + lane;
    var mean = 0.0;
    ${norm === 'layer' ? 'for (var k = 0u; k < inputs; k++) { mean += input(token, k); }\n    mean /= f32(inputs);' : ''}
    var squares = 0.0;
    for (var k = 0u; k < inputs; k++) { let x = input(token, k) - mean; squares += x * x; }
    means[lane] = mean;
    scales[lane] = scaleOf(squares);
  }`
  }
  let tx = lane % 8u;
  let ty = lane / 8u;
  // For each of four tokens, a vector of four outputs.
  ${['acc', ...(gated ? ['ups'] : [])].map((name) => `var ${name} : mat4x4f;`).join(' ')}
  for (var k0 = 0u; k0 < ${layout.padded}u; k0 += 32u) {
    workgroupBarrier();
    for (var i = lane; i < 1024u; i += 64u) {
      let t = i / 32u;
      let k = k0 + i % 32u;
      var x = 0.0;
      if (k < inputs && token0 + t < tokenCount()) {
        x = normed(input(token0 + t, k), k, ${norm === undefined ? '0.0, 0.0' : 'means[t], scales[t]'});
      }
      xs[t * 33u + i % 32u] = x;
    }
    for (var i = lane; i < ${gated ? 256 : 128}u; i += 64u) {
      let r = i / 4u;
      let row = ${gated ? 'min(first + r % 32u, outputs - 1u) + select(0u, outputs, r >= 32u)' : 'min(first + r, outputs - 1u)'};
      let w = weights8(row, k0 / 8u + i % 4u);
      for (var j = 0u; j < 4u; j++) {
        ws[r * 33u + (i % 4u) * 8u + j] = w[0][j];
        ws[r * 33u + (i % 4u) * 8u + 4u + j] = w[1][j];
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < 32u; k++) {
      var x : vec4f;
      var w : vec4f;
      for (var j = 0u; j < 4u; j++) {
        x[j] = xs[(ty * 4u + j) * 33u + k];
        w[j] = ws[(tx * 4u + j) * 33u + k];
      }
      acc += mat4x4f(x.x * w, x.y * w, x.z * w, x.w * w);
      ${
        gated
          ? `for (var j = 0u; j < 4u; j++) { w[j] = ws[(32u + tx * 4u + j) * 33u + k]; }
      ups += mat4x4f(x.x * w, x.y * w, x.z * w, x.w * w);`
          : ''
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      finish(token0 + ty * 4u + i, first + tx * 4u + j, acc[i][j], ${gated ? 'ups' : 'acc'}[i][j]);
    }
  }
}`;
  return { label: `linear ${layout.format} tile`, code, bindings: bindingsOf(linearBuffers) };
}

/** Sum over the 64 threads of a work group, available to each of them. */
export function groupSum(subgroups: boolean): string {
  return `var<workgroup> shares : array<f32, 64>;
fn groupSum(value : f32, lane : u32, width : u32) -> f32 {
  workgroupBarrier();
  ${
    subgroups
      ? 'let own = subgroupAdd(value);\n  if (lane % width == 0u) { shares[lane / width] = own; }'
      : 'shares[lane] = value;'
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < 64u / width; i++) { sum += shares[i]; }
  return sum;
}`;
}

/** A number as WGSL writes it. */
export function float(value: number): string {
  return `f32(${value})`;
}
