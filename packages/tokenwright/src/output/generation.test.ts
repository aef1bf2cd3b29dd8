import { DisposedError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { Generation } from './generation.ts';
import { GenerationStream } from './generation-stream.ts';

interface Result {
  readonly text: string;
  readonly finishReason: string;
}

/** A call of three pieces that notes what was asked for, and ends early when the reader leaves. */
function call(log: string[] = [], failAt = Number.POSITIVE_INFINITY) {
  return async function* (left: AbortSignal): AsyncGenerator<string, Result, undefined> {
    let text = '';
    try {
      for (const [at, piece] of ['a', 'b', 'c'].entries()) {
        if (left.aborted) return { text, finishReason: 'abort' };
        if (at === failAt) throw new Error('broken');
        log.push(piece);
        text += piece;
        yield piece;
      }
      return { text, finishReason: 'length' };
    } finally {
      log.push('released');
    }
  };
}

async function read(stream: AsyncIterable<string>, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of stream) {
    pieces.push(piece);
    if (pieces.length >= most) break;
  }
  return pieces;
}

describe('GenerationStream', () => {
  it('begins when it is read, and computes a piece when it is asked for', async () => {
    const log: string[] = [];
    const stream = new GenerationStream(call(log));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(log).toEqual([]);
    for await (const piece of stream) expect(log.at(-1)).toBe(piece);
    expect(log).toEqual(['a', 'b', 'c', 'released']);
    expect(await stream.result).toEqual({ text: 'abc', finishReason: 'length' });
  });

  it('gives the result and the pieces of one call, in whatever order they are asked for', async () => {
    const log: string[] = [];
    const stream = new GenerationStream(call(log));
    const { result } = stream;
    expect(await read(stream)).toEqual(['a', 'b', 'c']);
    expect(await result).toBe(await stream.result);
    expect(log).toEqual(['a', 'b', 'c', 'released']);

    const awaited = new GenerationStream(call());
    expect((await awaited.result).text).toBe('abc');
    expect(await read(awaited)).toEqual(['a', 'b', 'c']);
  });

  it('ends the call when the reader leaves, and keeps what there is', async () => {
    const log: string[] = [];
    const stream = new GenerationStream(call(log));
    expect(await read(stream, 2)).toEqual(['a', 'b']);
    expect(log).toEqual(['a', 'b', 'released']);
    expect(await stream.result).toEqual({ text: 'ab', finishReason: 'abort' });
  });

  it('does not end a call whose result was asked for', async () => {
    const stream = new GenerationStream(call());
    const { result } = stream;
    await read(stream, 1);
    expect(await result).toEqual({ text: 'abc', finishReason: 'length' });
  });

  it('is read once', async () => {
    const stream = new GenerationStream(call());
    await read(stream);
    await expect(read(stream)).rejects.toThrow(DisposedError);
    await expect(read(stream)).rejects.toThrow(/read already.*await stream\.result/);
  });

  it('gives an error to the loop and to the result', async () => {
    const log: string[] = [];
    const stream = new GenerationStream(call(log, 1));
    await expect(read(stream)).rejects.toThrow('broken');
    await expect(stream.result).rejects.toThrow('broken');
    expect(log).toEqual(['a', 'released']);
  });

  it('is cancelled by its end of scope', async () => {
    const log: string[] = [];
    const stream = new GenerationStream(call(log));
    {
      await using scoped = stream;
      await scoped[Symbol.asyncIterator]().next();
    }
    expect(log).toEqual(['a', 'released']);
    expect((await stream.result).finishReason).toBe('abort');
  });

  it('is not a promise, so that an async function can return it', async () => {
    const stream = await (async () => new GenerationStream(call()))();
    expect(await read(stream)).toEqual(['a', 'b', 'c']);
  });
});

describe('Generation', () => {
  it('is a promise of its result', async () => {
    const log: string[] = [];
    const generation = new Generation(call(log));
    let finished = false;
    const { text } = await generation.finally(() => {
      finished = true;
    });
    expect(text).toBe('abc');
    expect(finished).toBe(true);
    expect(await generation).toBe(await generation.result);
    expect((await Promise.all([new Generation(call()), generation])).map((one) => one.text)).toEqual(['abc', 'abc']);
    expect(log).toEqual(['a', 'b', 'c', 'released']);
  });

  it('rejects with the error of the call', async () => {
    expect(await new Generation(call([], 0)).catch(String)).toBe('Error: broken');
  });

  it('is iterable', async () => {
    expect(await read(new Generation(call()))).toEqual(['a', 'b', 'c']);
  });
});
