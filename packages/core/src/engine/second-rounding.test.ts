import { describe, expect, it } from 'vitest';
import type { WeightSource } from './engine.ts';
import { SecondRounding } from './second-rounding.ts';
import type { MatrixRequest } from './weight-requests.ts';

/** Two outputs of 64 inputs each: four blocks of codes times a half-precision scale. */
const codes = (largest: number) => (i: number) => (i % 32 === 5 ? largest : ((i * 7) % 50) - 25);
const scales = [0.25, 2 ** -10, 2 ** -20, 1025 / 1024];
const rows = (largest: number) => Float32Array.from({ length: 128 }, (_, i) => scales[i >> 5]! * codes(largest)(i));

function source(formats: Readonly<Record<string, string>>, values: Float32Array): WeightSource {
  return {
    name: 'x.gguf',
    names: () => Object.keys(formats),
    shape: () => [2, 64],
    bytes: () => 0,
    format: (name) => formats[name],
    read: async () => values,
    readRows: async (_, first, count) => values.subarray(first * 64, (first + count) * 64),
  };
}
const request = (name: string, layout?: 'input-output'): MatrixRequest => ({
  kind: 'matrix',
  weight: {},
  names: [name],
  shape: { inputs: 64, outputs: [2], ...(layout && { layout }) },
});

async function noticeOf(
  format: string,
  formats: Readonly<Record<string, string>>,
  values: Float32Array = rows(127),
  layout?: 'input-output',
): Promise<string | undefined> {
  const requests = Object.keys(formats).map((name) => request(name, layout));
  const rounding = new SecondRounding(source(formats, values), requests, format);
  for (const name of Object.keys(formats)) await rounding.source.read(name);
  return rounding.notice("weights: 'f32'");
}

describe('SecondRounding', () => {
  it('says from which formats to which, and how to avoid it', async () => {
    expect(await noticeOf('4-bit-blocks', { a: 'Q4_K', b: 'Q6_K', c: 'F16', d: 'Q4_0' })).toBe(
      "x.gguf: 2 of 4 matrices are quantized already, as Q4_K, Q6_K, and their values are rounded a second time, to '4-bit-blocks'. " +
        "To avoid it: weights: 'f32', or an unquantized file, or one in Q4_0, whose codes '4-bit-blocks' keeps",
    );
    expect(await noticeOf('8-bit', { a: 'Q8_0' })).toMatch(/as Q8_0, .* to '8-bit'\. .*or an unquantized file$/);
  });

  it.each([
    ['F32', '4-bit-blocks'],
    ['BF16', '8-bit'],
    ['Q4_0', '4-bit-blocks'],
    ['Q8_0', '8-bit-blocks'],
    ['8-bit', '8-bit'],
    ['4-bit-blocks', '4-bit-blocks'],
    ['Q4_K', 'f32'],
    ['Q4_K', 'f16'],
  ])('says nothing of %s that becomes %s', async (stored, format) => {
    expect(await noticeOf(format, { a: stored })).toBeUndefined();
  });

  it.each([
    ['Q4_1', '4-bit-blocks'],
    ['IQ4_NL', '4-bit-blocks'],
    ['MXFP4', '4-bit-blocks'],
    ['Q4_0', '8-bit-blocks'],
    ['8-bit', '4-bit-blocks'],
    ['4-bit-blocks', '8-bit'],
  ])('reports %s that becomes %s', async (stored, format) => {
    expect(await noticeOf(format, { a: stored })).toContain(`as ${stored}, `);
  });

  it('looks whether the codes of Q8_0 are found again', async () => {
    for (const largest of [127, -127])
      expect(await noticeOf('8-bit-blocks', { a: 'Q8_0' }, rows(largest))).toBeUndefined();
    for (const largest of [100, -128, 126])
      expect(await noticeOf('8-bit-blocks', { a: 'Q8_0' }, rows(largest))).toContain('Q8_0');
    expect(await noticeOf('8-bit-blocks', { a: 'Q8_0' }, new Float32Array(128))).toBeUndefined();
    // A row of what is stored is an input.
    const turned = Float32Array.from({ length: 128 }, (_, i) => rows(127)[(i % 2) * 64 + (i >> 1)]!);
    expect(await noticeOf('8-bit-blocks', { a: 'Q8_0' }, turned, 'input-output')).toBeUndefined();
    expect(await noticeOf('8-bit-blocks', { a: 'Q8_0' }, turned)).toContain('Q8_0');
  });

  it('looks at rows that are read in parts', async () => {
    const values = rows(127);
    values[100] = 0.3;
    const rounding = new SecondRounding(source({ a: 'Q8_0' }, values), [request('a')], '8-bit-blocks');
    await rounding.source.readRows!('a', 0, 1);
    expect(rounding.notice('x')).toBeUndefined();
    await rounding.source.readRows!('a', 1, 1);
    expect(rounding.notice('x')).toContain('1 of 1');
  });
});
