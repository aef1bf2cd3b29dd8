// Writes small ONNX files: the parts of onnx.proto that a test needs. Numbers in comments are field numbers.

/** An operator, as a node of the graph. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers, or lists of integers. */
  readonly attributes?: { readonly [name: string]: number | readonly number[] };
}

/** An input or an output: a size is a number, or a name when it may vary. */
export interface OnnxValue {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  readonly shape: readonly (number | string)[];
}

/** A constant. */
export interface OnnxConstant {
  readonly name: string;
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

/** A ModelProto: IR version 8, operator set 17. */
export function onnxFile({ nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.map((node) => message(1, nodeProto(node))),
    text(2, 'graph'),
    ...constants.map((constant) => message(5, tensorProto(constant))),
    ...inputs.map((value) => message(11, valueInfo(value))),
    ...outputs.map((value) => message(12, valueInfo(value))),
  ].flat();
  const operatorSet = [...text(1, ''), ...integer(2, 17)];
  return Uint8Array.from([...integer(1, 8), ...message(7, graph), ...message(8, operatorSet)]);
}

function nodeProto({ op, inputs, outputs, attributes = {} }: OnnxNode): number[] {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      message(5, [
        ...text(1, name),
        ...(typeof value === 'number'
          ? [...integer(3, value), ...integer(20, 2)]
          : [...value.flatMap((item) => integer(8, item)), ...integer(20, 7)]),
      ]),
    ),
  ];
}

const elementTypes = { float32: 1, int64: 7 } as const;

function tensorProto({ name, data, shape }: OnnxConstant): number[] {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const type = data instanceof Float32Array ? 'float32' : 'int64';
  return [
    ...shape.flatMap((size) => integer(1, size)),
    ...integer(2, elementTypes[type]),
    ...text(8, name),
    ...message(9, [...bytes]),
  ];
}

function valueInfo({ name, type, shape }: OnnxValue): number[] {
  const dimensions = shape.flatMap((size) => message(1, typeof size === 'number' ? integer(1, size) : text(2, size)));
  return [...text(1, name), ...message(2, message(1, [...integer(1, elementTypes[type]), ...message(2, dimensions)]))];
}

/** A field of wire type 0. Negative numbers take ten bytes, as in protobuf. */
function integer(field: number, value: number): number[] {
  return [...varint(BigInt(field << 3)), ...varint(BigInt.asUintN(64, BigInt(value)))];
}

/** A field of wire type 2. */
function message(field: number, bytes: readonly number[]): number[] {
  return [...varint(BigInt((field << 3) | 2)), ...varint(BigInt(bytes.length)), ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
