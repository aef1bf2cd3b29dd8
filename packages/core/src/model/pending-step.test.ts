import { describe, expect, test } from 'vitest';
import type { Engine, EngineMatrix, Executable, Frame, KVStore, PendingChoice, RunOptions } from '../engine/engine.ts';
import { HostMatrix } from '../engine/host-matrix.ts';
import type { StreamEvent } from '../generate/contract/events.ts';
import { generate } from '../generate/generate.ts';
import type { PendingStep } from './language-model.ts';
import { ExecutableModel } from './model.ts';
import type { ModelCache } from './model-cache.ts';
import { PendingModelStep, type StepOutcome } from './pending-step.ts';

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
    throw new Error('not in this store');
  }
  write(): void {}
  dispose(): void {}
}

/** A choice that the host knows only after reading it. */
class Picked implements PendingChoice {
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

/** An engine whose logits name one token: the sum of all tokens before it. It counts runs, and matrices that are not disposed. */
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
      chooseAhead: pick,
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

describe('a pending step', () => {
  test('is taken by the forward of its tokens, so each step runs once', async () => {
    const { executable, model } = summing();
    const ids = await idsOf(generate(model, [[1], [5]], { maxNewTokens: 5, eosTokenIds: [] }));
    expect(ids).toEqual([
      [2, 4, 8, 16, 32],
      [6, 12, 24, 48, 96],
    ]);
    expect({ runs: executable.runs, held: executable.held }).toEqual({ runs: 5, held: 0 });
  });

  test('is cancelled when a row ends, after one step more than needed', async () => {
    const { executable, model } = summing();
    const cache = model.createCache({ rows: 2 });
    const ids = await idsOf(generate(model, [[1], [5]], { maxNewTokens: 5, eosTokenIds: [8], cache }));
    expect(ids).toEqual([
      [2, 4, 8],
      [6, 12, 24, 48, 96],
    ]);
    // A step for both rows was pending when the first ended. From then on a row is hidden, and no step is begun ahead.
    expect({ runs: executable.runs, held: executable.held }).toEqual({ runs: 6, held: 0 });
    expect((cache.settle() as Ids).lists).toEqual([
      [1, 2, 4],
      [5, 6, 12, 24, 48],
    ]);
    expect([0, 1].map((row) => [...cache.tokens(row)])).toEqual((cache.settle() as Ids).lists);
  });

  interface Begun {
    readonly executable: Summing;
    readonly model: ExecutableModel;
    readonly cache: ModelCache;
    readonly step: PendingStep;
    /** The token that the step feeds. */
    readonly id: number;
  }
  const begun = async (): Promise<Begun> => {
    const { executable, model } = summing();
    const cache = model.createCache();
    const result = model.forward([[3]], cache);
    const choice = result.logits.chooseAhead!(undefined);
    const step = model.stepAhead(choice, cache)!;
    const [id] = await choice.read();
    result.dispose();
    return { executable, model, cache, step, id: id! };
  };

  test.each<[string, (cache: ModelCache, model: ExecutableModel) => void, number[]]>([
    ['other tokens', (cache, model) => model.forward([[9]], cache).dispose(), [3, 9]],
    ['several tokens', (cache, model) => model.forward([[4, 9]], cache).dispose(), [3, 4, 9]],
    ['more scored positions', (cache, model) => model.forward([[4]], cache, { scored: 2 }).dispose(), [3, 4]],
    ['another choice', (cache, model) => void model.stepAhead(new Picked(Int32Array.of(7)), cache), [3]],
    ['gather', (cache) => cache.gather([0]), [3]],
    ['truncate', (cache) => cache.truncate([1]), [3]],
    ['fork', (cache) => cache.fork().dispose(), [3]],
  ])('is cancelled by %s', async (_, use, tokens) => {
    const { executable, model, cache } = await begun();
    expect([executable.runs, cache.lengths]).toEqual([2, [1]]);
    use(cache, model);
    expect([...cache.tokens(0)]).toEqual(tokens);
    cache.truncate(cache.lengths);
    expect((cache.settle() as Ids).lists).toEqual([tokens]);
    cache.dispose();
    expect(executable.held).toBe(0);
  });

  test('is not started in a full context, for other rows, or in a window that cannot be rewound', () => {
    const { executable, model } = summing();
    const full = model.createCache();
    model.forward([new Array<number>(40).fill(0)], full).dispose();
    const window = model.createCache({ kind: { kind: 'window', size: 8 } });
    const two = model.createCache({ rows: 2 });
    for (const cache of [full, window, two])
      expect(model.stepAhead(new Picked(Int32Array.of(1)), cache)).toBeUndefined();
    expect(executable.runs).toBe(1);
  });

  test('is kept when the cache is only read', async () => {
    const { executable, model, cache, step, id } = await begun();
    expect([cache.rows, cache.lengths, cache.bytes, [...cache.tokens(0)]]).toEqual([1, [1], 0, [3]]);
    expect(step.state).toBe('pending');
    model.forward([[id]], cache).dispose();
    expect([step.state, executable.runs, cache.lengths]).toEqual(['taken', 2, [2]]);
  });

  test('is cancelled only once', async () => {
    const { executable, cache, step } = await begun();
    step.cancel();
    expect([step.state, executable.held, (cache.settle() as Ids).lists]).toEqual(['cancelled', 0, [[3]]]);
    cache.truncate([0]);
    step.cancel();
    expect((cache.settle() as Ids).lists).toEqual([[]]);
  });

  test('that was taken cannot be cancelled', async () => {
    const { executable, model, cache, step, id } = await begun();
    const result = model.forward([[id]], cache);
    step.cancel();
    expect([step.state, executable.held, (cache.settle() as Ids).lists]).toEqual(['taken', 1, [[3, id]]]);
    result.dispose();
  });

  test('is cancelled with its cache', async () => {
    const { executable, cache, step } = await begun();
    cache.dispose();
    expect([step.state, executable.held]).toEqual(['cancelled', 0]);
  });

  test('that fails throws its error from the forward that takes it, once', async () => {
    const { executable, model, cache } = await begun();
    executable.failing = true;
    const choice = new Picked(Int32Array.of(7));
    const step = model.stepAhead(choice, cache)!;
    executable.failing = false;
    expect(cache.lengths).toEqual([1]);
    await choice.read();
    expect(() => model.forward([[7]], cache)).toThrow('failing');
    expect([step.state, cache.lengths, (cache.settle() as Ids).lists]).toEqual(['taken', [1], [[3]]]);
    const { logits } = model.forward([[7]], cache);
    expect((await logits.read()).indexOf(1)).toBe(sumOf([3, 7]));
  });

  test('that fails does not matter to a forward of other tokens', async () => {
    const { executable, model, cache, id } = await begun();
    executable.failing = true;
    const step = model.stepAhead(new Picked(Int32Array.of(7)), cache)!;
    executable.failing = false;
    const { logits } = model.forward([[id]], cache);
    expect((await logits.read()).indexOf(1)).toBe(sumOf([3, id]));
    expect([step.state, (cache.settle() as Ids).lists]).toEqual(['cancelled', [[3, id]]]);
  });
});

describe('PendingModelStep', () => {
  const choice = (ids?: Int32Array): PendingChoice => ({ rows: 2, ids, read: async () => ids!, dispose: () => {} });
  const outcome = (): StepOutcome => ({ result: { logits: new HostMatrix(new Float32Array(2), 2, 1) } });

  test('feeds one token per row, as far as the choice is known', () => {
    const known = new PendingModelStep(choice(Int32Array.of(4, 5)), outcome(), () => {});
    expect(known.feeds([[4], [5]])).toBe(true);
    for (const other of [
      [[4], [6]],
      [[4], []],
      [[4, 5], [5]],
    ])
      expect(known.feeds(other)).toBe(false);
    expect(new PendingModelStep(choice(), outcome(), () => {}).feeds([[4], [5]])).toBe(false);
    expect(new PendingModelStep(choice(Int32Array.of(-1, 5)), outcome(), () => {}).feeds([[-1], [5]])).toBe(false);
  });

  test('is taken once', () => {
    let rewinds = 0;
    const step = new PendingModelStep(choice(), outcome(), () => rewinds++);
    expect(step.take().logits.rows).toBe(2);
    expect(() => step.take()).toThrow(TypeError);
    step.cancel();
    expect(rewinds).toBe(0);
  });
});
