import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWeights } from '../checkpoint/open-weights.ts';
import { inspectModel } from '../inspect.ts';
import { files, folder, type ModelSource } from '../sources/model-source.ts';
import { type ConversionFormat, conversionFormats, convertModel } from './convert.ts';
import { folderSink, memorySink } from './sink.ts';

/** GPT-2's layout: matrices with a row for each input, and a table of positions. */
const story = folder(new URL('../../../demo-model/models/story-amateur', import.meta.url));
/** An encoder with a decoder. */
const translate = folder(new URL('../../../demo-model/models/translate', import.meta.url));

async function converted(source: ModelSource, format: ConversionFormat): Promise<ModelSource> {
  const sink = memorySink();
  await convertModel(source, sink, { format });
  return files(sink.contents, 'converted');
}

/** Largest distance of a tensor from the original, in units of its row's or block's step. */
async function distances(source: ModelSource, other: ModelSource): Promise<Map<string, number>> {
  const [before, after] = [await openWeights(source), await openWeights(other)];
  const all = new Map<string, number>();
  for (const name of after.names()) {
    const [a, b] = [await before.read(name), await after.read(name)];
    expect(after.shape(name)).toEqual(before.shape(name));
    const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    all.set(name, a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / (largest || 1));
  }
  return all;
}

describe('convertModel', () => {
  // Half a step of the largest number of a row; a step of its largest block at the outside (7.5 is the last but one of 4 bits).
  const bounds: readonly (readonly [ConversionFormat, number])[] = [
    ['f32', 0],
    ['f16', 2 ** -11],
    ['bf16', 2 ** -8],
    ['8-bit', 0.51 / 127],
    ['8-bit-blocks', 0.52 / 127],
    ['4-bit-blocks', 1.01 / 8],
  ];

  it.each(bounds)('writes %s that is read again within its rounding', async (format, bound) => {
    for (const source of [story, translate]) {
      const moved = await distances(source, await converted(source, format));
      for (const [name, distance] of moved) expect(distance, name).toBeLessThanOrEqual(bound);
      const most = Math.max(...moved.values());
      // The source is F16: these keep it, the others do not.
      if (format === 'f32' || format === 'f16') expect(most).toBe(0);
      else expect(most).toBeGreaterThan(bound / 10);
    }
  });

  it('reports values that are rounded a second time, and only those', async () => {
    const noticed = async (source: ModelSource, format: ConversionFormat): Promise<string[]> => {
      const notices: string[] = [];
      await convertModel(source, memorySink(), { format, onNotice: (notice) => notices.push(notice) });
      return notices;
    };
    const in8 = await converted(story, '8-bit');
    expect(await noticed(story, '4-bit-blocks')).toEqual([]);
    expect(await noticed(in8, '8-bit')).toEqual([]);
    expect(await noticed(in8, 'f32')).toEqual([]);
    const [notice, ...others] = await noticed(in8, '4-bit-blocks');
    expect(others).toEqual([]);
    expect(notice).toMatch(
      /^model.safetensors: (\d+) of \1 matrices are quantized already, as 8-bit, and their values are rounded a second time, to '4-bit-blocks'\. To avoid it: format 'f32', which keeps the file's numbers, or an unquantized file/,
    );
  });

  it.each(['8-bit', '8-bit-blocks', '4-bit-blocks'] as const)('reads %s by rows as at once', async (format) => {
    const weights = await openWeights(await converted(translate, format));
    for (const name of weights.names()) {
      const [rows = 1] = weights.shape(name)!;
      const [first, count] = [Math.floor(rows / 3), Math.ceil(rows / 2)];
      const width = (await weights.read(name)).length / rows;
      expect(await weights.readRows!(name, first, count), name).toEqual(
        (await weights.read(name)).slice(first * width, (first + count) * width),
      );
      await expect(weights.readRows!(name, 0, rows + 1)).rejects.toThrow('are not among them');
    }
  });

  it('covers every format', () => {
    expect(bounds.map(([format]) => format)).toEqual(conversionFormats);
  });

  it.each(conversionFormats)('is at rest after one conversion to %s', async (format) => {
    const once = await converted(story, format);
    expect([...(await distances(once, await converted(once, format))).values()]).toEqual(
      Array.from({ length: (await openWeights(once)).names().length }, () => 0),
    );
  });

  it('keeps norms, biases and positions whole, and quantizes what is multiplied', async () => {
    const { formats, tensors, tokenizer, parameters } = await inspectModel(await converted(story, '4-bit-blocks'));
    expect(formats.map(({ format }) => format)).toEqual(['4-bit-blocks', 'F32']);
    const formatOf = (name: string) => tensors.find((tensor) => tensor.name.endsWith(name))?.format;
    expect(formatOf('wte.weight')).toBe('4-bit-blocks');
    expect(formatOf('h.0.mlp.c_fc.weight')).toBe('4-bit-blocks');
    expect(formatOf('wpe.weight')).toBe('F32');
    expect(formatOf('h.0.mlp.c_fc.bias')).toBe('F32');
    expect(formatOf('ln_f.weight')).toBe('F32');
    const original = await inspectModel(story);
    expect(tokenizer).toEqual(original.tokenizer);
    expect(parameters).toBe(original.parameters);
  });

  it('goes back to a plain checkpoint', async () => {
    const small = await converted(story, '8-bit');
    const back = await converted(small, 'f32');
    expect((await inspectModel(back)).formats.map(({ format }) => format)).toEqual(['F32']);
    expect([...(await distances(small, back)).values()].every((distance) => distance === 0)).toBe(true);
  });

  it('reports bytes, and progress up to all of them', async () => {
    const seen: [number, number][] = [];
    const sink = memorySink();
    const report = await convertModel(story, sink, { format: '8-bit', onProgress: (...now) => seen.push(now) });
    const [done, total] = seen.at(-1)!;
    expect(done).toBe(total);
    expect(total).toBe(report.bytesBefore);
    expect(seen.every(([now], i) => i === 0 || now > seen[i - 1]![0])).toBe(true);
    expect(report.files.map(({ name }) => name)).toEqual([
      'model.safetensors',
      'config.json',
      'generation_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    for (const { name, bytes } of report.files) expect(sink.contents.get(name)!.length).toBe(bytes);
    expect(report.bytesAfter).toBeLessThan(report.bytesBefore);
    expect(report.leftOut).toEqual([]);
  });

  it.each([
    ['f16', 70_000, '70000; f16 holds numbers up to 65504'],
    ['8-bit', Number.NaN, 'NaN; 8-bit holds numbers up to'],
    ['4-bit-blocks', -600_000, '-600000; 4-bit-blocks holds numbers up to 524032'],
  ] as const)('refuses a number that %s cannot hold, and leaves nothing', async (format, value, message) => {
    const plain = memorySink();
    await convertModel(story, plain, { format: 'f32' });
    const bytes = plain.contents.get('model.safetensors')!.slice();
    const { tensors } = await inspectModel(files(plain.contents));
    const first = tensors[0]!;
    const dataStart = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    new DataView(bytes.buffer).setFloat32(dataStart + 40, value, true);
    const sink = memorySink();
    const work = convertModel(files(new Map([...plain.contents, ['model.safetensors', bytes]])), sink, { format });
    await expect(work).rejects.toThrow(`${first.name}: holds ${message}`);
    expect(sink.contents.size).toBe(0);
  });

  it('refuses a format and an option that do not exist', async () => {
    const sink = memorySink();
    await expect(convertModel(story, sink, { format: 'q4' as 'f32' })).rejects.toThrow(ParameterError);
    await expect(convertModel(story, sink, { format: 'f32', sharding: 2 } as never)).rejects.toThrow(
      UnknownOptionError,
    );
    expect(sink.contents.size).toBe(0);
  });
});

describe('folderSink', () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'tokenwright-convert-'));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  it('writes a folder that loads', async () => {
    const target = join(path, 'new', 'model');
    await convertModel(story, folderSink(target), { format: '4-bit-blocks' });
    expect(readdirSync(target).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect((await inspectModel(target)).formats[0]!.format).toBe('4-bit-blocks');
  });

  it('overwrites nothing', async () => {
    await convertModel(story, folderSink(path), { format: '8-bit' });
    await expect(convertModel(story, folderSink(path), { format: 'f16' })).rejects.toThrow(
      'there is a file of this name already',
    );
    expect((await inspectModel(path)).formats[0]!.format).toBe('8-bit');
  });

  it('leaves no part of a file after an abort', async () => {
    const controller = new AbortController();
    const work = convertModel(story, folderSink(path), {
      format: '8-bit',
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(work).rejects.toThrow(controller.signal.reason);
    expect(readdirSync(path)).toEqual([]);
    // So that the next attempt finds room.
    await convertModel(story, folderSink(path), { format: '8-bit' });
  });

  it.skipIf(process.platform !== 'linux')('says that a folder cannot be made', async () => {
    await expect(convertModel(story, folderSink('/proc/tokenwright/model'), { format: '8-bit' })).rejects.toThrow(
      '/proc/tokenwright/model: the folder cannot be made (ENOENT)',
    );
  });
});
