import { numberFormats } from '../../weights/number-formats.ts';
import type { BlockFormat } from '../blocks/block-format.ts';
import { iq4NL } from '../blocks/iq4-nl.ts';
import { iq4XS } from '../blocks/iq4-xs.ts';
import { iq1M } from '../blocks/low-bits/iq1-m.ts';
import { iq1S } from '../blocks/low-bits/iq1-s.ts';
import { iq2S } from '../blocks/low-bits/iq2-s.ts';
import { iq2XS } from '../blocks/low-bits/iq2-xs.ts';
import { iq2XXS } from '../blocks/low-bits/iq2-xxs.ts';
import { iq3S } from '../blocks/low-bits/iq3-s.ts';
import { iq3XXS } from '../blocks/low-bits/iq3-xxs.ts';
import { tq10 } from '../blocks/low-bits/tq1-0.ts';
import { tq20 } from '../blocks/low-bits/tq2-0.ts';
import { mxfp4 } from '../blocks/mxfp4.ts';
import { q2K } from '../blocks/q2-k.ts';
import { q3K } from '../blocks/q3-k.ts';
import { q40 } from '../blocks/q4-0.ts';
import { q41 } from '../blocks/q4-1.ts';
import { q4K } from '../blocks/q4-k.ts';
import { q50 } from '../blocks/q5-0.ts';
import { q51 } from '../blocks/q5-1.ts';
import { q5K } from '../blocks/q5-k.ts';
import { q6K } from '../blocks/q6-k.ts';
import { q80 } from '../blocks/q8-0.ts';

/** A tensor type of GGML: how many numbers a block holds, in how many bytes, and how they become float32. */
export interface TensorType {
  readonly name: string;
  /** Numbers of a block; rows are whole blocks. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Absent for types that are known, but not read. `bytes` belongs to the call. */
  decode?(bytes: Uint8Array): Float32Array;
}

/** The types by their number in the file (`ggml_type` of ggml.h; 4 and 5 were withdrawn). */
export const tensorTypes: ReadonlyMap<number, TensorType> = new Map<number, TensorType>([
  [0, plain('F32')],
  [1, plain('F16')],
  [2, blocks('Q4_0', q40)],
  [3, blocks('Q4_1', q41)],
  [6, blocks('Q5_0', q50)],
  [7, blocks('Q5_1', q51)],
  [8, blocks('Q8_0', q80)],
  [9, unread('Q8_1', 32, 40)],
  [10, blocks('Q2_K', q2K)],
  [11, blocks('Q3_K', q3K)],
  [12, blocks('Q4_K', q4K)],
  [13, blocks('Q5_K', q5K)],
  [14, blocks('Q6_K', q6K)],
  [15, unread('Q8_K', 256, 292)],
  [16, blocks('IQ2_XXS', iq2XXS)],
  [17, blocks('IQ2_XS', iq2XS)],
  [18, blocks('IQ3_XXS', iq3XXS)],
  [19, blocks('IQ1_S', iq1S)],
  [20, blocks('IQ4_NL', iq4NL)],
  [21, blocks('IQ3_S', iq3S)],
  [22, blocks('IQ2_S', iq2S)],
  [23, blocks('IQ4_XS', iq4XS)],
  [24, plain('I8')],
  [25, plain('I16')],
  [26, plain('I32')],
  [27, plain('I64')],
  [28, plain('F64')],
  [29, blocks('IQ1_M', iq1M)],
  [30, plain('BF16')],
  [34, blocks('TQ1_0', tq10)],
  [35, blocks('TQ2_0', tq20)],
  [39, blocks('MXFP4', mxfp4)],
]);

/** Names of the types that are read. */
export const readTypes: readonly string[] = [...tensorTypes.values()]
  .filter(({ decode }) => decode !== undefined)
  .map(({ name }) => name);

/** Stored as in safetensors. */
function plain(name: string): TensorType {
  const { bytes, decode } = numberFormats.get(name)!;
  return { name, values: 1, bytes, decode };
}

function blocks(name: string, format: BlockFormat): TensorType {
  return {
    name,
    values: format.values,
    bytes: format.bytes,
    decode(bytes) {
      const count = bytes.length / format.bytes;
      const values = new Float32Array(count * format.values);
      for (let block = 0; block < count; block++)
        format.decode(bytes, block * format.bytes, values, block * format.values);
      return values;
    },
  };
}

function unread(name: string, values: number, bytes: number): TensorType {
  return { name, values, bytes };
}
