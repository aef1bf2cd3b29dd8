import { describe, expect, test } from 'vitest';
import type { Choice, Engine, EngineMatrix, Executable, Frame, KVStore, RunOptions } from '../engine/engine.ts';
import { HostMatrix } from '../engine/host-matrix.ts';
import type { StreamEvent } from '../generate/events.ts';
import { generate } from '../generate/generate.ts';
import { ExecutableModel } from './model.ts';
import type { ModelCache } from './model-cache.ts';

const vocabSize = 4100;

/** A store that holds the ids that were fed. */
class Ids implements KVStore {
  lists: number[][];
  constructor(lists: number[][]) {
    this.lists = lists;
  }
  get rows(): number {
    return this.lists.length;
  }
  readonly bytes = 0;
  gather(rows: readonly number[]): void {
    this.lists = rows.map((row) => [...this.lists[row]!]);
  }
  truncate(lengths: readonly number[]): void {
    this.lists = this.lists.map((list, row) => list.slice(0, lengths[row]));
  }
  fork(): Ids {
    return new Ids(this.lists.map((list) => [...list]));
  }
  read(): never {
    throw new Error('not here');
  }
  write(): void {}
  dispose(): void {}
}

/** Chosen at once, and known to the host only when it is read. */
class Picked implements Choice {
  readonly chosen: Int32Array;
  ids: Int32Array | undefined;
  constructor(chosen: Int32Array) {
    this.chosen = chosen;
  }
  get rows(): number {
    return this.chosen.length;
  }
  async read(): Promise<Int32Array> {
    this.ids = this.chosen;
    return this.chosen;
  }
  dispose(): void {}
}

/** An engine whose logits name one token: the sum of all before it. It counts what runs, and what is not disposed. */
class Summing implements Executable {
  readonly engine = { name: 'summing', tensorBackend: undefined, readbackIsExpensive: true } as unknown as Engine;
  readonly weightBytes = 0;
  readonly maxTokens = 64;
  runs = 0;
  held = 0;
  failing = false;

  createStore(rows: number): Ids {
    return new Ids(Array.from({ length: rows }, () => []));
  }

  run({ ids, rows, scored }: Frame, store: KVStore, options: RunOptions = {}): { logits: EngineMatrix } {
    const { lists } = store as Ids;
    const values = new Float32Array(scored.length * vocabSize).fill(-1);
    for (const [i, row] of rows.entries()) {
      lists[row]!.push((options.ids as Picked | undefined)?.chosen[i] ?? ids[i]!);
      const at = scored.indexOf(i);
      if (at >= 0) values[at * vocabSize + sumOf(lists[row]!)] = 1;
    }
    if (this.failing) throw new Error('failing');
    this.runs++;
    return { logits: this.#matrix(values, scored.length) };
  }

  dispose(): void {}

  #matrix(values: Float32Array, rows: number): EngineMatrix {
    const inner = new HostMatrix(values, rows, vocabSize);
    this.held++;
    const pick = (): Picked =>
      new Picked(Int32Array.from({ length: rows }, (_, row) => values.indexOf(1, row * vocabSize) - row * vocabSize));
    return {
      rows,
      columns: vocabSize,
      read: (wanted) => inner.read(wanted),
      choose: () => pick().read(),
      pick,
      dispose: () => {
        this.held--;
      },
    };
  }
}

const sumOf = (ids: readonly number[]): number => ids.reduce((sum, id) => sum + id, 1) % vocabSize;

function summing(): { executable: Summing; model: ExecutableModel } {
  const executable = new Summing();
  const dimensions = { vocabSize, contextLength: 40, layers: 1, width: 1, kvHeads: 1, headDim: 1 };
  const model = new ExecutableModel(executable, { name: 'summing', dimensions, defaults: {}, fingerprint: 'x' });
  return { executable, model };
}

async function idsOf(stream: AsyncIterable<StreamEvent>): Promise<number[][]> {
  const ids: number[][] = [];
  for await (const event of stream) if (event.type === 'end') ids[event.promptIndex] = [...event.ids];
  return ids;
}

describe('a step that was begun ahead', () => {
  test('is taken by the forward of its tokens, so that each runs once', async () => {
    const { executable, model } = summing();
    const ids = await idsOf(generate(model, [[1], [5]], { maxNewTokens: 5, eosTokenIds: [] }));
    expect(ids).toEqual([
      [2, 4, 8, 16, 32],
      [6, 12, 24, 48, 96],
    ]);
    expect({ runs: executable.runs, held: executable.held }).toEqual({ runs: 5, held: 0 });
  });

  test('is dropped when a row ends, and once more than needed was run', async () => {
    const { executable, model } = summing();
    const cache = model.createCache({ rows: 2 });
    const ids = await idsOf(generate(model, [[1], [5]], { maxNewTokens: 5, eosTokenIds: [8], cache }));
    expect(ids).toEqual([
      [2, 4, 8],
      [6, 12, 24, 48, 96],
    ]);
    // A step for both rows was under way when the first ended; from then on rows are hidden, and nothing goes ahead.
    expect({ runs: executable.runs, held: executable.held }).toEqual({ runs: 6, held: 0 });
    expect((cache.store as Ids).lists).toEqual([
      [1, 2, 4],
      [5, 6, 12, 24, 48],
    ]);
    expect([0, 1].map((row) => [...cache.tokens(row)])).toEqual((cache.store as Ids).lists);
  });

  const begun = async (): Promise<{ executable: Summing; model: ExecutableModel; cache: ModelCache; id: number }> => {
    const { executable, model } = summing();
    const cache = model.createCache();
    const result = model.forward([[3]], cache);
    const choice = result.logits.pick!(undefined);
    model.follow(choice, cache);
    const [id] = await choice.read();
    result.dispose();
    return { executable, model, cache, id: id! };
  };

  test.each<[string, (cache: ModelCache, model: ExecutableModel) => void, number[]]>([
    ['other tokens', (cache, model) => model.forward([[9]], cache).dispose(), [3, 9]],
    ['several tokens', (cache, model) => model.forward([[4, 9]], cache).dispose(), [3, 4, 9]],
    ['more that is scored', (cache, model) => model.forward([[4]], cache, { scored: 2 }).dispose(), [3, 4]],
    ['another choice', (cache, model) => void model.follow(new Picked(Int32Array.of(7)), cache), [3]],
    ['gather', (cache) => cache.gather([0]), [3]],
    ['truncate', (cache) => cache.truncate([1]), [3]],
    ['fork', (cache) => cache.fork().dispose(), [3]],
  ])('is dropped by %s', async (_, use, tokens) => {
    const { executable, model, cache } = await begun();
    expect([executable.runs, cache.lengths]).toEqual([2, [1]]);
    use(cache, model);
    expect([...cache.tokens(0)]).toEqual(tokens);
    cache.truncate(cache.lengths);
    expect((cache.store as Ids).lists).toEqual([tokens]);
    cache.dispose();
    expect(executable.held).toBe(0);
  });

  test('is not begun in a full context, for other rows, or in a window that cannot be rewound', async () => {
    const { executable, model } = summing();
    const full = model.createCache();
    model.forward([new Array<number>(40).fill(0)], full).dispose();
    const window = model.createCache({ kind: { kind: 'window', size: 8 } });
    const two = model.createCache({ rows: 2 });
    for (const cache of [full, window, two]) model.follow(new Picked(Int32Array.of(1)), cache)();
    expect(executable.runs).toBe(1);
  });

  test('that fails leaves the error to the forward that wants it', async () => {
    const { executable, model, cache, id } = await begun();
    executable.failing = true;
    model.follow(new Picked(Int32Array.of(7)), cache);
    expect(() => model.forward([[7]], cache)).toThrow('failing');
    executable.failing = false;
    expect((cache.store as Ids).lists).toEqual([[3]]);
    const { logits } = model.forward([[id]], cache);
    expect((await logits.read()).indexOf(1)).toBe(sumOf([3, id]));
  });
});
