import { byBlock4Bit } from './by-block-4-bit.ts';
import { byBlock8Bit } from './by-block-8-bit.ts';
import { byRow8Bit } from './by-row-8-bit.ts';
import type { QuantizedFormat } from './quantized-format.ts';

/** The quantized formats by name. */
export const quantizedFormats: ReadonlyMap<string, QuantizedFormat> = new Map(
  [byRow8Bit, byBlock8Bit, byBlock4Bit].map((format) => [format.name, format]),
);
