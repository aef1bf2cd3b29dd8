import { Random } from '@tokenwright/core';
import { type OnnxGraph, type OnnxNode, onnxFile } from './file.ts';

/** Sizes of the tiny decoder: one attention layer with two heads. */
export const decoder = { vocabSize: 11, contextLength: 48, width: 6, heads: 2, headDim: 3 } as const;

const { vocabSize, contextLength, width, heads, headDim } = decoder;
const sizes = {
  embeddings: [vocabSize, width],
  positions: [contextLength, width],
  query: [width, width],
  key: [width, width],
  value: [width, width],
  head: [width, vocabSize],
} as const;
type Name = keyof typeof sizes;

/** Seeded weights, uniform in [-1, 1). */
export const weights: { readonly [name in Name]: Float32Array } = (() => {
  const random = new Random(5);
  const names = Object.keys(sizes) as Name[];
  const entries = names.map((name, tensor): [Name, Float32Array] => [
    name,
    Float32Array.from({ length: sizes[name][0] * sizes[name][1] }, (_, i) => 2 * random.uniform(tensor, i, 'draw') - 1),
  ]);
  return Object.fromEntries(entries) as { [name in Name]: Float32Array };
})();

/**
 * The decoder as an ONNX file, with the input and output names of Hugging Face Optimum.
 *
 * @param past whether it takes and returns keys and values. Without them, it has no attention mask either.
 */
export function decoderFile(past: boolean): Uint8Array {
  const nodes: OnnxNode[] = [];
  const add = (
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode['attributes'] = {},
  ): string => {
    nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  };
  const embedded = add(
    'Add',
    [add('Gather', ['embeddings', 'input_ids'], 'words'), add('Gather', ['positions', 'position_ids'], 'places')],
    'embedded',
  );
  /** [1, heads, tokens, headDim]. */
  const byHead = (weight: Name): string => {
    const projected = add('MatMul', [embedded, weight], `${weight}.all`);
    return add('Transpose', [add('Reshape', [projected, 'split'], `${weight}.split`)], `${weight}.heads`, {
      perm: [0, 2, 1, 3],
    });
  };
  const query = byHead('query');
  const stored = (weight: 'key' | 'value'): string =>
    past
      ? add('Concat', [`past_key_values.0.${weight}`, byHead(weight)], `present.0.${weight}`, { axis: 2 })
      : byHead(weight);
  const [keys, values] = [stored('key'), stored('value')];
  const scores = add('MatMul', [query, add('Transpose', [keys], 'keys.turned', { perm: [0, 1, 3, 2] })], 'scores');
  // A query attends to the slots up to its own position that the attention mask allows.
  const count = add('Squeeze', [add('Shape', [keys], 'count.list', { start: 2, end: 3 })], 'count');
  const slots = add('Range', ['zero', count, 'one'], 'slots');
  const own = add('Unsqueeze', ['position_ids', 'last'], 'own');
  let seen = add('LessOrEqual', [slots, own], 'seen');
  if (past) {
    const counted = add('Greater', [add('Unsqueeze', ['attention_mask', 'middle'], 'mask'), 'zero'], 'counted');
    seen = add('And', [seen, counted], 'both');
  }
  const masked = add('Where', [add('Unsqueeze', [seen, 'middle'], 'seen.heads'), scores, 'never'], 'masked');
  const attended = add('MatMul', [add('Softmax', [masked], 'shares', { axis: -1 }), values], 'attended');
  const joined = add('Reshape', [add('Transpose', [attended], 'turned', { perm: [0, 2, 1, 3] }), 'join'], 'joined');
  add('MatMul', [add('Add', [embedded, joined], 'sum'), 'head'], 'logits');

  const integers = (name: string, values: readonly number[], shape: readonly number[]) => ({
    name,
    data: BigInt64Array.from(values, BigInt),
    shape,
  });
  const pastShape = (tokens: string) => [1, heads, tokens, headDim];
  const graph: OnnxGraph = {
    inputs: [
      { name: 'input_ids', type: 'int64', shape: ['batch', 'tokens'] },
      { name: 'position_ids', type: 'int64', shape: ['batch', 'tokens'] },
      ...(past
        ? ([
            { name: 'attention_mask', type: 'int64', shape: ['batch', 'all'] },
            { name: 'past_key_values.0.key', type: 'float32', shape: pastShape('past') },
            { name: 'past_key_values.0.value', type: 'float32', shape: pastShape('past') },
          ] as const)
        : []),
    ],
    outputs: [
      { name: 'logits', type: 'float32', shape: ['batch', 'tokens', vocabSize] },
      ...(past
        ? ([
            { name: 'present.0.key', type: 'float32', shape: pastShape('all') },
            { name: 'present.0.value', type: 'float32', shape: pastShape('all') },
          ] as const)
        : []),
    ],
    constants: [
      ...(Object.keys(sizes) as Name[]).map((name) => ({ name, data: weights[name], shape: sizes[name] })),
      { name: 'never', data: Float32Array.of(-1e9), shape: [] },
      integers('split', [1, -1, heads, headDim], [4]),
      integers('join', [1, -1, width], [3]),
      integers('zero', [0], []),
      integers('one', [1], []),
      integers('last', [2], [1]),
      integers('middle', [1], [1]),
    ],
    nodes,
  };
  return onnxFile(graph);
}

/** The same decoder in plain TypeScript: the logits after `ids`, in float64. */
export function decoderLogits(ids: ArrayLike<number>): number[] {
  const embedded = Array.from(ids, (id, position) =>
    Array.from(
      { length: width },
      (_, i) => weights.embeddings[id * width + i]! + weights.positions[position * width + i]!,
    ),
  );
  const [query, keys, values] = (['query', 'key', 'value'] as const).map((name) =>
    embedded.map((row) => product(row, weights[name])),
  );
  const attended = Array.from({ length: heads }, (_, head) => {
    const part = (row: readonly number[]): readonly number[] => row.slice(head * headDim, (head + 1) * headDim);
    const last = part(query!.at(-1)!);
    const shares = keys!.map((key) => Math.exp(part(key).reduce((sum, number, i) => sum + number * last[i]!, 0)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    return Array.from({ length: headDim }, (_, i) =>
      values!.reduce((sum, value, at) => sum + (part(value)[i]! * shares[at]!) / total, 0),
    );
  }).flat();
  return product(
    embedded.at(-1)!.map((number, i) => number + attended[i]!),
    weights.head,
  );
}

/** A vector times a matrix. */
function product(row: readonly number[], matrix: Float32Array): number[] {
  const columns = matrix.length / row.length;
  return Array.from({ length: columns }, (_, column) =>
    row.reduce((sum, number, i) => sum + number * matrix[i * columns + column]!, 0),
  );
}
