import { describe, expect, it } from 'vitest';
import { floatToHalf, halfToFloat, numberFormats } from './number-formats.ts';

function decode(format: string, data: ArrayBufferView): number[] {
  return [...numberFormats.get(format)!.decode(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice())];
}

describe('numberFormats', () => {
  it.each([
    ['F64', new Float64Array([1.5, -0, 1e300, 0.1]), [1.5, -0, Infinity, Math.fround(0.1)]],
    ['F32', new Float32Array([1.5, -0, 0.1]), [1.5, -0, Math.fround(0.1)]],
    // One, the smallest subnormal, the largest subnormal, the smallest normal, the largest, minus two, infinity, NaN, minus zero.
    [
      'F16',
      new Uint16Array([0x3c00, 0x0001, 0x03ff, 0x0400, 0x7bff, 0xc000, 0x7c00, 0x7e00, 0x8000]),
      [1, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -2, Infinity, NaN, -0],
    ],
    ['BF16', new Uint16Array([0x3f80, 0xc049, 0x7f80, 0x7fc0, 0x0001]), [1, -3.140625, Infinity, NaN, 2 ** -133]],
    ['F8_E4M3', new Uint8Array([0x38, 0x7e, 0x7f, 0xff, 0x01, 0xb8, 0x78]), [1, 448, NaN, NaN, 2 ** -9, -1, 256]],
    ['F8_E5M2', new Uint8Array([0x3c, 0x7b, 0x7c, 0xfd, 0x01, 0xfc]), [1, 57344, Infinity, NaN, 2 ** -16, -Infinity]],
    ['I64', new BigInt64Array([-3n, 2n ** 40n]), [-3, 2 ** 40]],
    ['U64', new BigUint64Array([2n ** 63n]), [2 ** 63]],
    ['I32', new Int32Array([-7, 2 ** 30]), [-7, 2 ** 30]],
    ['U32', new Uint32Array([2 ** 31]), [2 ** 31]],
    ['I16', new Int16Array([-300]), [-300]],
    ['U16', new Uint16Array([65535]), [65535]],
    ['I8', new Int8Array([-128, 127]), [-128, 127]],
    ['U8', new Uint8Array([0, 255]), [0, 255]],
    ['BOOL', new Uint8Array([0, 1, 2]), [0, 1, 1]],
  ] as [string, ArrayBufferView, number[]][])('reads %s', (format, data, expected) => {
    expect(decode(format, data)).toEqual(expected);
    expect(numberFormats.get(format)!.bytes * expected.length).toBe(data.byteLength);
  });

  it('has a row above for each format', () => {
    expect([...numberFormats.keys()]).toHaveLength(15);
  });

  it('reads every half as DataView does where the runtime knows halves', ({ skip }) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const view = new DataView(bits.buffer) as DataView & { getFloat16?(at: number, littleEndian: boolean): number };
    if (view.getFloat16 === undefined) return skip('this runtime has no DataView.getFloat16');
    const expected = Array.from(bits, (_, i) => view.getFloat16!(2 * i, true));
    expect(decode('F16', bits)).toEqual(expected);
  });

  it('accepts bytes at an odd place', () => {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setFloat32(1, 1.5, true);
    new DataView(bytes.buffer).setFloat32(5, -2, true);
    expect([...numberFormats.get('F32')!.decode(bytes.subarray(1))]).toEqual([1.5, -2]);
    expect([...numberFormats.get('BF16')!.decode(bytes.subarray(3, 5))]).toEqual([1.5]);
  });
});

describe('floatToHalf', () => {
  it('is the inverse of halfToFloat for every half', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToFloat(bits);
      if (Number.isNaN(value)) expect(Number.isNaN(halfToFloat(floatToHalf(value)))).toBe(true);
      else expect(floatToHalf(value)).toBe(bits);
    }
  });

  it('rounds to the nearest, and to the even one between two', () => {
    for (let bits = 0; bits < 0x7c00; bits += 7) {
      const [low, high] = [halfToFloat(bits), bits === 0x7bff ? 65536 : halfToFloat(bits + 1)];
      const middle = (low + high) / 2;
      expect(floatToHalf(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(floatToHalf(low + (high - low) * 0.49)).toBe(bits);
      expect(floatToHalf(-(low + (high - low) * 0.51))).toBe((bits + 1) | 0x8000);
    }
    expect(floatToHalf(65519.99)).toBe(0x7bff);
    expect(floatToHalf(65520)).toBe(0x7c00);
    expect(floatToHalf(1e-9)).toBe(0);
  });
});
