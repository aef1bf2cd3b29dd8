import {
  activations,
  type BufferName,
  bindingsOf,
  buffers,
  frameAccess,
  rotaryFunction,
  weightAccess,
} from './common.ts';
import type { Kernel } from './kernel.ts';
import { float, groupSum } from './linear.ts';
import type { MatrixLayout } from './matrix-layout.ts';

type Counted = 'tokens' | 'scored';

/** Threads over columns in x, tokens in y. */
const perColumn = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id : vec3u) {
  let column = id.x;
  let token = id.y;`;

function kernel(
  label: string,
  names: readonly BufferName[],
  maxTokens: number,
  counted: Counted,
  body: string,
): Kernel {
  return {
    label,
    bindings: bindingsOf(names),
    code: `${buffers(names)}\n${frameAccess(maxTokens, counted)}\n${body}`,
  };
}

/**
 * Rows of the table for the ids. p[0] = result, its stride, offset of the position table; p[1].x = offset added to
 * positions.
 */
export function embedKernel(
  layout: MatrixLayout,
  halves: boolean,
  scale: number,
  positions: boolean,
  maxTokens: number,
): Kernel {
  const { inputs } = layout;
  const names = ['p', 'frame', 'arena', 'vectors', 'weights'] as const;
  return {
    label: 'embed',
    bindings: bindingsOf(names),
    code: `${halves ? 'enable f16;\n' : ''}${buffers(names, halves)}
${frameAccess(maxTokens, 'tokens')}
${weightAccess(layout, halves)}
${perColumn}
  if (column >= ${Math.ceil(inputs / 8)}u) { return; }
  let w = weights8(ids(token), column);
  for (var j = 0u; j < 8u; j++) {
    let c = column * 8u + j;
    if (c < ${inputs}u) {
      var y = select(w[0][j & 3u], w[1][j & 3u], j >= 4u) * ${float(scale)};
      ${positions ? `y += vectors[p[0].z + (positions(token) + p[1].x) * ${inputs}u + c];` : ''}
      arena[p[0].x + token * p[0].y + c] = y;
    }
  }
}`,
  };
}

/** Rows of a table for the positions. p[0] = result, its stride, table; p[1].x = offset. */
export function positionsKernel(columns: number, maxTokens: number): Kernel {
  return kernel(
    'positions',
    ['p', 'frame', 'arena', 'vectors'],
    maxTokens,
    'tokens',
    `${perColumn}
  if (column >= ${columns}u) { return; }
  arena[p[0].x + token * p[0].y + column] = vectors[p[0].z + (positions(token) + p[1].x) * ${columns}u + column];
}`,
  );
}

/**
 * A norm of each group of columns, not folded into another operation. p[0] = x, its stride, result, its stride; p[1] =
 * weight, bias.
 */
export function normKernel(
  options: { kind: 'layer' | 'rms'; size: number; epsilon: number; bias: boolean },
  maxTokens: number,
  counted: Counted,
): Kernel {
  const { kind, size, epsilon, bias } = options;
  return kernel(
    'norm',
    ['p', 'frame', 'arena', 'vectors'],
    maxTokens,
    counted,
    `${groupSum(false)}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id : vec3u, @builtin(local_invocation_index) lane : u32) {
  let x = p[0].x + id.y * p[0].y + id.x * ${size}u;
  let y = p[0].z + id.y * p[0].w + id.x * ${size}u;
  var mean = 0.0;
  ${
    kind === 'layer'
      ? `for (var k = lane; k < ${size}u; k += 64u) { mean += arena[x + k]; }
  mean = groupSum(mean, lane, 1u) / ${float(size)};`
      : ''
  }
  var squares = 0.0;
  for (var k = lane; k < ${size}u; k += 64u) { let c = arena[x + k] - mean; squares += c * c; }
  let scale = inverseSqrt(groupSum(squares, lane, 1u) / ${float(size)} + ${float(epsilon)});
  for (var k = lane; k < ${size}u; k += 64u) {
    arena[y + k] = (arena[x + k] - mean) * scale * vectors[p[1].x + k]${bias ? ' + vectors[p[1].y + k]' : ''};
  }
}`,
  );
}

/** Rotate heads by their positions into another value. p[0] = x, its stride, result, its stride; p[1].x = table. */
export function rotaryKernel(
  options: { rotated: number; style: 'neox' | 'interleaved'; headDim: number; columns: number },
  maxTokens: number,
): Kernel {
  const { headDim, columns } = options;
  return kernel(
    'rotary',
    ['p', 'frame', 'arena', 'vectors'],
    maxTokens,
    'tokens',
    `${rotaryFunction(options)}
${perColumn}
  if (column >= ${columns}u) { return; }
  let base = p[0].x + token * p[0].y + (column / ${headDim}u) * ${headDim}u;
  arena[p[0].z + token * p[0].w + column] = turned(base, column % ${headDim}u, positions(token), p[1].x);
}`,
  );
}

/** x op y, or x and a factor. p[0] = x, its stride, y, its stride; p[1] = result, its stride. */
export function elementsKernel(
  kind: 'add' | 'multiply' | 'scale' | 'softcap',
  columns: number,
  factor: number,
  maxTokens: number,
  counted: Counted,
): Kernel {
  const second = 'arena[p[0].z + token * p[0].w + column]';
  const value = {
    add: `x + ${second}`,
    multiply: `x * ${second}`,
    scale: `x * ${float(factor)}`,
    softcap: `tanhSafe(x / ${float(factor)}) * ${float(factor)}`,
  }[kind];
  return kernel(
    kind,
    ['p', 'frame', 'arena'],
    maxTokens,
    counted,
    `${activations}
${perColumn}
  if (column >= ${columns}u) { return; }
  let x = arena[p[0].x + token * p[0].y + column];
  arena[p[1].x + token * p[1].y + column] = ${value};
}`,
  );
}

/**
 * Copy rows to another buffer: all, or those of the scored tokens from frame[2] on. p[0] = x, its stride, target, its
 * stride. Each work group in y writes one row of the target.
 */
export function copyRowsKernel(columns: number, which: 'all' | 'scored', maxTokens: number): Kernel {
  return kernel(
    'copy rows',
    ['p', 'frame', 'arena', 'target'],
    maxTokens,
    'tokens',
    `${perColumn}
  if (column >= ${columns}u) { return; }
  let row = ${which === 'all' ? 'token' : 'scored(frame[2] + token)'};
  target_[p[0].z + token * p[0].w + column] = arena[p[0].x + row * p[0].y + column];
}`,
  );
}
