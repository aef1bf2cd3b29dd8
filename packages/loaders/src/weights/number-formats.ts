/** How a number format of safetensors is stored, and how it becomes float32. All are little-endian. */
export interface NumberFormat {
  /** Bytes of one value. */
  readonly bytes: number;
  /** Values as float32; `bytes` may be used for the result and belongs to this call. */
  decode(bytes: Uint8Array): Float32Array;
}

/** The formats that are read, by their names in safetensors. Integers of more than 24 bits and F64 are rounded. */
export const numberFormats: ReadonlyMap<string, NumberFormat> = new Map<string, NumberFormat>([
  ['F64', { bytes: 8, decode: (bytes) => new Float32Array(new Float64Array(...buffer(bytes, 8))) }],
  ['F32', { bytes: 4, decode: (bytes) => new Float32Array(...buffer(bytes, 4)) }],
  ['F16', { bytes: 2, decode: (bytes) => lookUp(halfTable(), new Uint16Array(...buffer(bytes, 2))) }],
  ['BF16', { bytes: 2, decode: decodeBrainFloat }],
  ['F8_E4M3', { bytes: 1, decode: (bytes) => lookUp(e4m3Table(), bytes) }],
  ['F8_E5M2', { bytes: 1, decode: (bytes) => lookUp(e5m2Table(), bytes) }],
  ['I64', { bytes: 8, decode: (bytes) => Float32Array.from(new BigInt64Array(...buffer(bytes, 8)), Number) }],
  ['U64', { bytes: 8, decode: (bytes) => Float32Array.from(new BigUint64Array(...buffer(bytes, 8)), Number) }],
  ['I32', { bytes: 4, decode: (bytes) => new Float32Array(new Int32Array(...buffer(bytes, 4))) }],
  ['U32', { bytes: 4, decode: (bytes) => new Float32Array(new Uint32Array(...buffer(bytes, 4))) }],
  ['I16', { bytes: 2, decode: (bytes) => new Float32Array(new Int16Array(...buffer(bytes, 2))) }],
  ['U16', { bytes: 2, decode: (bytes) => new Float32Array(new Uint16Array(...buffer(bytes, 2))) }],
  ['I8', { bytes: 1, decode: (bytes) => new Float32Array(new Int8Array(...buffer(bytes, 1))) }],
  ['U8', { bytes: 1, decode: (bytes) => new Float32Array(bytes) }],
  ['BOOL', { bytes: 1, decode: (bytes) => Float32Array.from(bytes, (value) => (value === 0 ? 0 : 1)) }],
]);

/** Where a typed array over the bytes begins and how long it is; bytes at an unaligned offset are copied. */
function buffer(bytes: Uint8Array, size: number): [ArrayBufferLike, number, number] {
  const from = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return [from.buffer, from.byteOffset, from.length / size];
}

function lookUp(table: Float32Array, bits: Uint8Array | Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]!]!;
  return values;
}

/** The value of a half-precision number, by its 16 bits. */
export function halfToFloat(bits: number): number {
  return halfTable()[bits]!;
}

/** The 16 bits of the half-precision number that is nearest; of two that are equally near, the even one. */
export function floatToHalf(value: number): number {
  bitsOf.setFloat32(0, value);
  const bits = bitsOf.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) return sign | 0x7e00;
  // From half a step above the largest half on.
  if (rest >= 0x477ff000) return sign | 0x7c00;
  if (rest < 0x38800000) {
    // Below the smallest normal half all halves are 2^-24 apart.
    const steps = Math.abs(value) * 2 ** 24;
    const down = Math.floor(steps);
    const up = steps - down > 0.5 || (steps - down === 0.5 && down % 2 === 1);
    return sign | (up ? down + 1 : down);
  }
  const even = (rest >>> 13) & 1;
  return sign | ((rest - 0x38000000 + 0xfff + even) >>> 13);
}

const bitsOf = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function decodeBrainFloat(bytes: Uint8Array): Float32Array {
  const upper = new Uint16Array(...buffer(bytes, 2));
  const bits = new Uint32Array(upper.length);
  for (let i = 0; i < bits.length; i++) bits[i] = upper[i]! << 16;
  return new Float32Array(bits.buffer);
}

const halfTable = once(() => floatTable(5, 10, true));
/** The variant without infinities: only the highest exponent with the highest mantissa is NaN. */
const e4m3Table = once(() => floatTable(4, 3, false));
const e5m2Table = once(() => floatTable(5, 2, true));

/** Every value of a small float format, by its bits. `infinities`: the highest exponent means infinity and NaN, as in IEEE 754. */
function floatTable(exponentBits: number, mantissaBits: number, infinities: boolean): Float32Array {
  const half = 2 ** (exponentBits + mantissaBits);
  const bias = 2 ** (exponentBits - 1) - 1;
  const mantissas = 2 ** mantissaBits;
  const table = new Float32Array(2 * half);
  for (let bits = 0; bits < half; bits++) {
    const exponent = Math.floor(bits / mantissas);
    const fraction = (bits % mantissas) / mantissas;
    let value = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
    if (infinities && bits >= half - mantissas) value = fraction === 0 ? Infinity : Number.NaN;
    if (!infinities && bits === half - 1) value = Number.NaN;
    table[bits] = value;
    table[half + bits] = -value;
  }
  return table;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
