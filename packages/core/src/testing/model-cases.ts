import type { CacheKind } from '../engine/engine.ts';
import {
  CacheError,
  ContextLengthError,
  DisposedError,
  ParameterError,
  ShapeError,
  UnknownOptionError,
} from '../errors.ts';
import { advance } from '../model/advance.ts';
import type { KVCache } from '../model/kv-cache.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { type ContractCase, verify, verifyClose, verifyEqual, verifyThrows } from './cases.ts';

export interface ModelCasesOptions {
  /** Largest difference of a logit between two ways of computing it. Default 1e-4; 0 for engines that promise equal bits. */
  readonly tolerance?: number;
  /** The kinds of cache to test. Default: the model's default kind. */
  readonly kinds?: readonly CacheKind['kind'][];
  /** Returns what the engine holds. When given, every case must restore it. */
  readonly memory?: () => { readonly bytes: number; readonly buffers: number };
}

/**
 * The contract of language models and their caches: cached = uncached, independent rows, forks, rewinds, errors that
 * lose nothing.
 */
export function modelCases(
  model: LanguageModel,
  { tolerance = 1e-4, kinds = ['static'], memory }: ModelCasesOptions = {},
): ContractCase[] {
  const cases: ContractCase[] = [];
  for (const kind of kinds) {
    const add = (name: string, run: () => Promise<void>): void => {
      cases.push({ name: `${name} (${kind} cache)`, run: memory === undefined ? run : keepingMemory(memory, run) });
    };
    const open = (rows = 1): KVCache => model.createCache({ rows, kind });
    const text = sampleText(model, 0, 20);

    add('a cache gives the logits of recomputing everything', async () => {
      await using(open(), async (cached) => {
        for (let length = 1; length <= 12; length++) {
          const step = await lastLogits(model, cached, [text.slice(length - 1, length)]);
          const whole = await using(open(), (fresh) => lastLogits(model, fresh, [text.slice(0, length)]));
          verifyClose(step[0]!, whole[0]!, tolerance, `logits after ${length} tokens`);
        }
      });
    });

    add('several scored positions equal single steps', async () => {
      const single: Float32Array[] = [];
      await using(open(), async (cache) => {
        for (const id of text.slice(0, 8)) single.push((await lastLogits(model, cache, [[id]]))[0]!);
      });
      await using(open(), async (cache) => {
        const all = await allLogits(model, cache, [text.slice(0, 8)], 5);
        verifyEqual(all.length, 5, 'scored positions');
        for (const [i, logits] of all.entries()) verifyClose(logits, single[3 + i]!, tolerance, `scored position ${i}`);
      });
    });

    add('rows of different lengths give the same logits as alone', async () => {
      const rows = [text.slice(0, 3), text.slice(5, 14), text.slice(2, 3)];
      await using(open(3), async (cache) => {
        const together = await lastLogits(model, cache, rows);
        const more = [[text[1]!], [], [text[9]!, text[3]!]];
        const next = await lastLogits(model, cache, more);
        for (const [i, row] of rows.entries())
          await using(open(), async (alone) => {
            verifyClose(together[i]!, (await lastLogits(model, alone, [row]))[0]!, tolerance, `row ${i}`);
            if (more[i]!.length > 0) {
              const expected = (await lastLogits(model, alone, [more[i]!]))[0]!;
              verifyClose(next[i === 2 ? 1 : i]!, expected, tolerance, `row ${i}, next`);
            }
          });
        verifyEqual(cache.lengths, [4, 9, 3], 'lengths');
      });
    });

    add('gather repeats, drops and reorders rows', async () => {
      await using(open(2), async (cache) => {
        await lastLogits(model, cache, [text.slice(0, 5), text.slice(5, 8)]);
        cache.gather([1, 0, 1]);
        verifyEqual(cache.lengths, [3, 5, 3], 'lengths');
        verifyEqual(cache.tokens(1), text.slice(0, 5), 'tokens of row 1');
        const next = await lastLogits(model, cache, [[text[9]!], [text[10]!], [text[11]!]]);
        const wanted = [
          [...text.slice(5, 8), text[9]!],
          [...text.slice(0, 5), text[10]!],
          [...text.slice(5, 8), text[11]!],
        ];
        for (const [i, row] of wanted.entries())
          await using(open(), async (alone) =>
            verifyClose(next[i]!, (await lastLogits(model, alone, [row]))[0]!, tolerance, `gathered row ${i}`),
          );
        cache.gather([]);
        verifyEqual(cache.rows, 0, 'rows after an empty gather');
      });
    });

    add('truncate rewinds', async () => {
      await using(open(2), async (cache) => {
        await lastLogits(model, cache, [text.slice(0, 9), text.slice(3, 10)]);
        cache.truncate([4, 7]);
        const next = await lastLogits(model, cache, [[text[15]!], [text[15]!]]);
        for (const [i, row] of [text.slice(0, 4), text.slice(3, 10)].entries())
          await using(open(), async (alone) =>
            verifyClose(next[i]!, (await lastLogits(model, alone, [[...row, text[15]!]]))[0]!, tolerance, `row ${i}`),
          );
      });
    });

    add('a fork and its origin are independent', async () => {
      await using(open(), async (cache) => {
        await lastLogits(model, cache, [text.slice(0, 6)]);
        await using(cache.fork(), async (fork) => {
          const [a] = await lastLogits(model, cache, [[text[7]!]]);
          const [b] = await lastLogits(model, fork, [[text[8]!]]);
          await lastLogits(model, cache, [[text[9]!]]);
          fork.truncate([5]);
          const [c] = await lastLogits(model, fork, [[text[10]!]]);
          const alone = (row: readonly number[]): Promise<Float32Array> =>
            using(open(), async (fresh) => (await lastLogits(model, fresh, [row]))[0]!);
          verifyClose(a!, await alone([...text.slice(0, 6), text[7]!]), tolerance, 'the origin');
          verifyClose(b!, await alone([...text.slice(0, 6), text[8]!]), tolerance, 'the fork');
          verifyClose(c!, await alone([...text.slice(0, 5), text[10]!]), tolerance, 'the rewound fork');
        });
      });
    });

    add('a serialized and restored cache continues as before', async () => {
      await using(open(2), async (cache) => {
        await lastLogits(model, cache, [text.slice(0, 6), text.slice(4, 7)]);
        const bytes = await cache.serialize();
        const expected = await lastLogits(model, cache, [[text[8]!], [text[9]!]]);
        await using(model.restoreCache(bytes), async (restored) => {
          verifyEqual(restored.lengths, [6, 3], 'lengths');
          const received = await lastLogits(model, restored, [[text[8]!], [text[9]!]]);
          for (const [i, row] of expected.entries()) verifyClose(received[i]!, row, tolerance, `row ${i}`);
        });
        await verifyThrows(() => model.restoreCache(bytes.slice(0, bytes.length - 3)), Error, 'bytes cut off');
      });
    });

    add('advance feeds what is missing, after any prefix, in chunks of any size', async () => {
      const wanted = [Int32Array.from(text.slice(0, 15)), Int32Array.from(text.slice(3, 9))];
      const expected = await using(open(2), (fresh) => lastLogits(model, fresh, wanted));
      for (const prefillChunkSize of [1, 2, 5, 1000])
        await using(open(2), async (cache) => {
          await lastLogits(model, cache, [text.slice(0, 4), [...text.slice(3, 7), text[0]!, text[1]!, text[2]!]]);
          const result = advance(model, cache, wanted, { prefillChunkSize });
          try {
            const logits = rowsOf(await result.logits.read(), model.vocabSize);
            for (const [i, row] of expected.entries())
              verifyClose(logits[i]!, row, tolerance, `row ${i}, chunk ${prefillChunkSize}`);
          } finally {
            result.dispose();
          }
          verifyEqual(cache.tokens(1), wanted[1], 'tokens of row 1');
        });
    });

    add('a result stays valid after the next forward, until it is disposed', async () => {
      await using(open(), async (cache) => {
        const first = model.forward([text.slice(0, 3)], cache);
        const second = model.forward([text.slice(3, 5)], cache);
        const expected = await using(open(), (fresh) => lastLogits(model, fresh, [text.slice(0, 3)]));
        verifyClose(await first.logits.read(), expected[0]!, tolerance, 'the first result');
        first.dispose();
        await verifyThrows(() => first.logits.read(), DisposedError, 'reading a disposed result');
        second.dispose();
      });
    });

    add('a context can be filled to the last position, and not beyond', async () => {
      await using(open(), async (cache) => {
        const full = sampleText(model, 5, model.contextLength);
        const result = advance(model, cache, [Int32Array.from(full)]);
        result.dispose();
        verifyEqual(cache.lengths, [model.contextLength], 'lengths');
        await verifyThrows(() => model.forward([[0]], cache), ContextLengthError, 'one token more');
        verifyEqual(cache.lengths, [model.contextLength], 'lengths after the error');
      });
    });

    add('a rejected call leaves the cache unchanged', async () => {
      await using(open(), async (cache) => {
        await lastLogits(model, cache, [text.slice(0, 4)]);
        const refuse = (
          work: () => unknown,
          type: abstract new (...args: never[]) => Error,
          what: string,
        ): Promise<Error> => verifyThrows(work, type, what);
        await refuse(() => model.forward([[model.vocabSize]], cache), ParameterError, 'an id above the vocabulary');
        await refuse(() => model.forward([[-1]], cache), ParameterError, 'a negative id');
        await refuse(() => model.forward([[1.5]], cache), ParameterError, 'an id that is not an integer');
        await refuse(() => model.forward([[1], [2]], cache), ShapeError, 'too many rows');
        await refuse(() => cache.truncate([9]), ParameterError, 'a length beyond the row');
        await refuse(() => cache.gather([1]), ParameterError, 'a row that does not exist');
        verifyEqual(cache.lengths, [4], 'lengths after the errors');
        const next = await lastLogits(model, cache, [[text[4]!]]);
        const expected = await using(open(), (fresh) => lastLogits(model, fresh, [text.slice(0, 5)]));
        verifyClose(next[0]!, expected[0]!, tolerance, 'logits after the errors');
      });
    });
  }

  cases.push({
    name: 'unknown options are errors with the nearest name',
    run: async () => {
      const error = await verifyThrows(
        () => model.createCache({ row: 2 } as never),
        UnknownOptionError,
        'createCache({ row })',
      );
      verifyEqual(error.nearest, 'rows', 'the nearest name');
    },
  });
  cases.push({
    name: 'a cache of another model is rejected',
    run: async () => {
      await verifyThrows(() => model.forward([[0]], {} as KVCache), CacheError, 'forward with a foreign cache');
    },
  });
  return cases;
}

/** Ids within the vocabulary, in no apparent order. */
function sampleText(model: LanguageModel, from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + from) * 7919 + ((i * i) % 13)) % model.vocabSize);
}

/** Logits of the last position of each row that was fed. */
async function lastLogits(
  model: LanguageModel,
  cache: KVCache,
  tokens: readonly ArrayLike<number>[],
): Promise<Float32Array[]> {
  return allLogits(model, cache, tokens, 1);
}

async function allLogits(
  model: LanguageModel,
  cache: KVCache,
  tokens: readonly ArrayLike<number>[],
  scored: number,
): Promise<Float32Array[]> {
  const result = model.forward(tokens, cache, { scored });
  try {
    return rowsOf(await result.logits.read(), model.vocabSize);
  } finally {
    result.dispose();
  }
}

function rowsOf(values: Float32Array, columns: number): Float32Array[] {
  return Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns));
}

async function using<T>(cache: KVCache, work: (cache: KVCache) => Promise<T>): Promise<T> {
  try {
    return await work(cache);
  } finally {
    cache.dispose();
  }
}

/** The case, which fails when it leaves something allocated. */
function keepingMemory(
  memory: () => { readonly bytes: number; readonly buffers: number },
  run: () => Promise<void>,
): () => Promise<void> {
  return async () => {
    const before = memory();
    await run();
    const after = memory();
    verify(
      after.bytes === before.bytes && after.buffers === before.buffers,
      () => `leaked ${after.buffers - before.buffers} buffers, ${after.bytes - before.bytes} bytes.`,
    );
  };
}
