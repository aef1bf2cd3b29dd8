import { gemma2 } from '../architectures/gemma2.ts';
import { gpt2 } from '../architectures/gpt2.ts';
import { llama } from '../architectures/llama.ts';
import { opt } from '../architectures/opt.ts';
import { type DrawKey, gumbelNoise, sampleToken } from '../draw/race.ts';
import type { CacheKind, Engine, WeightSource } from '../engine/engine.ts';
import { LoadError } from '../errors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { createModel } from '../model/model.ts';
import { largest } from '../sampling/distribution.ts';
import { type ContractCase, verify, verifyClose, verifyEqual } from './cases.ts';
import { generationCases } from './generation-cases.ts';
import { modelCases } from './model-cases.ts';
import { recorded } from './recorded.ts';
import { seededWeights } from './seeded-weights.ts';
import { type TinyModel, tinyModel, tinyModels } from './tiny-models.ts';

export interface EngineCasesOptions {
  /** The engine whose results are the expected ones. */
  readonly judge: () => Promise<Engine>;
  /** Largest difference of a logit from the judge's. Default 1e-4. */
  readonly tolerance?: number;
  /** Largest difference between two ways of computing a logit on this engine. Default 1e-4. */
  readonly ownTolerance?: number;
  readonly kinds?: readonly CacheKind['kind'][];
  /** Default: GPT-2 and Llama. */
  readonly models?: readonly TinyModel[];
  /** Break each tensor of a model in turn, which loads it a dozen times, instead of two of them. Default false. */
  readonly breakEachTensor?: boolean;
  /** Tokens of the run that detects leaks. Default 1000. */
  readonly longRun?: number;
}

/**
 * The contract of engines: the judge's logits over frames of every kind, the same results when replayed as when
 * executed, the contracts of models and caches, and no memory left allocated. The engine is started once and disposed
 * by the last case.
 */
export function engineCases(start: () => Promise<Engine>, options: EngineCasesOptions): ContractCase[] {
  const { judge, tolerance = 1e-4, ownTolerance = 1e-4, kinds = ['static'], models = tinyModels, longRun } = options;
  const { breakEachTensor = false } = options;
  let engine: Promise<Engine> | undefined;
  const started = (): Promise<Engine> => {
    engine ??= start();
    return engine;
  };
  const cases: ContractCase[] = [];
  for (const tiny of models) {
    const { name } = tiny.architecture;
    cases.push({
      name: `${name}: the judge's logits over frames of every kind`,
      async run() {
        const [own, right] = [await build(await started(), tiny), await build(await judge(), tiny)];
        try {
          const received = await runFrames(own);
          for (const [i, expected] of (await runFrames(right)).entries())
            verifyClose(received[i]!, expected, tolerance, `${name}, frame ${i}`);
        } finally {
          own.dispose();
          right.dispose();
        }
      },
    });
    cases.push({
      name: `${name}: a recorded and replayed pass gives the same logits`,
      async run() {
        const own = await build(await started(), tiny);
        const replaying = await build(await started(), { ...tiny, architecture: recorded(tiny.architecture) });
        try {
          const expected = await runFrames(own);
          for (const [i, received] of (await runFrames(replaying)).entries())
            verifyEqual(received, expected[i], `${name}, frame ${i}`);
        } finally {
          own.dispose();
          replaying.dispose();
        }
      },
    });
    cases.push({
      name: `${name}: a choice on the engine is the one on the host`,
      async run() {
        const own = await build(await started(), tiny);
        try {
          await chooses(own, name);
        } finally {
          own.dispose();
        }
      },
    });
    // The contracts need a model, which needs the engine. They are listed by name now and bound when they run.
    const contracts = (model: LanguageModel, memory: () => ReturnType<Engine['memory']>): ContractCase[] => [
      ...modelCases(model, { tolerance: ownTolerance, kinds, memory }),
      ...generationCases(model, { memory, ...(longRun === undefined ? {} : { longRun }) }),
    ];
    const placeholder = contracts(nobody, () => ({ bytes: 0, buffers: 0 }));
    for (const [i, { name: contract }] of placeholder.entries())
      cases.push({
        name: `${name}: ${contract}`,
        async run() {
          const own = await started();
          const model = await build(own, tiny);
          try {
            // The first pass may create what the engine then keeps (transposed weights, pipelines).
            await runFrames(model);
            await contracts(model, () => own.memory())[i]!.run();
          } finally {
            model.dispose();
          }
        },
      });
  }
  for (const tiny of brokenModels)
    cases.push({
      name: `${tiny.architecture.name}: a weight that is not finite is refused or reaches the logits`,
      async run() {
        const [own, right] = [await started(), await judge()];
        for (const { source, label } of brokenWeights(tiny, breakEachTensor)) {
          const expected = await isBroken(right, tiny, source);
          verify((await isBroken(own, tiny, source)) || !expected, `${label}: the logits are numbers`);
        }
      },
    });
  cases.push({
    name: 'disposed models leave nothing on the engine',
    async run() {
      verifyEqual((await started()).memory(), { bytes: 0, buffers: 0 }, 'memory');
      await (await started()).dispose();
    },
  });
  return cases;
}

function build(engine: Engine, { architecture, config }: TinyModel): Promise<LanguageModel> {
  return createModel(engine, architecture, config, seededWeights(architecture, config));
}

/** Logits of a prefill, steps, ragged rows, empty rows, several caches, early exits and hidden states. */
async function runFrames(model: LanguageModel): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  const one = model.createCache();
  const three = model.createCache({ rows: 3 });
  const feed = async (tokens: readonly (readonly number[])[], cache: typeof one, scored = 1): Promise<void> => {
    const result = model.forward(tokens, cache, { scored, hidden: true, earlyExits: [0, 1] });
    logits.push(await result.logits.read(), await result.hidden!.read());
    for (const layer of result.earlyExits!.values()) logits.push(await layer.read());
    result.dispose();
  };
  try {
    await feed([[3, 1, 4, 1, 5, 9, 2, 6]], one);
    await feed([[5]], one);
    await feed([[3], [5, 8, 9, 7], [9, 3]], three, 2);
    await feed([[2, 7]], one, 2);
    await feed([[1], [], [8, 2, 8, 1, 8]], three, 3);
    three.gather([2, 0, 2]);
    await feed([[4], [5], [6]], three);
    three.truncate([5, 1, 8]);
    await feed([[4, 4], [5], [6]], three, 2);
  } finally {
    one.dispose();
    three.dispose();
  }
  return logits;
}

/** `EngineMatrix.choose` against the host, where the engine has it. */
async function chooses(model: LanguageModel, name: string): Promise<void> {
  const cache = model.createCache({ rows: 2 });
  const result = model.forward([[3, 1, 4], [1]], cache);
  const { logits } = result;
  try {
    if (logits.choose === undefined) return;
    const values = await logits.read();
    const rows = [0, 1].map((row) => values.subarray(row * logits.columns, (row + 1) * logits.columns));
    const largestOf = await logits.choose(undefined);
    verifyEqual(
      [...largestOf],
      rows.map((row) => largest(row).id),
      `${name}: the largest logits`,
    );
    for (let draw = 0; draw < 20; draw++) {
      const keys = rows.map((_, row): DrawKey => [draw, row]);
      for (const [row, id] of (await logits.choose(keys)).entries()) {
        const expected = sampleToken(rows[row]!, keys[row]!);
        const sum = (token: number): number => rows[row]![token]! + gumbelNoise(keys[row]!, token);
        // The sums are float32 there.
        verify(
          id === expected || sum(expected) - sum(id) < 1e-5,
          () => `${name}: the draw with key ${keys[row]} gives ${id}, on the host ${expected}`,
        );
      }
    }
  } finally {
    result.dispose();
    cache.dispose();
  }
}

/** One layer of models with every activation and both kinds of caps, which are where a kernel can lose a NaN. */
const brokenModels: readonly TinyModel[] = [
  tinyModel(gpt2, { vocab_size: 31, n_positions: 32, n_embd: 24, n_layer: 1, n_head: 3 }),
  tinyModel(opt, {
    vocab_size: 31,
    max_position_embeddings: 32,
    hidden_size: 24,
    num_hidden_layers: 1,
    num_attention_heads: 3,
    ffn_dim: 40,
    word_embed_proj_dim: 24,
  }),
  tinyModel(llama, {
    vocab_size: 31,
    max_position_embeddings: 32,
    hidden_size: 24,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 12,
    intermediate_size: 40,
  }),
  tinyModel(gemma2, {
    vocab_size: 31,
    max_position_embeddings: 32,
    hidden_size: 24,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 12,
    intermediate_size: 40,
    sliding_window: 8,
    query_pre_attn_scalar: 12,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
  }),
];

/** Checkpoints with one broken number: NaN in each tensor, Infinity in the first matrix of a feed-forward. */
function* brokenWeights(
  { architecture, config }: TinyModel,
  each: boolean,
): Generator<{ source: WeightSource; label: string }> {
  const good = seededWeights(architecture, config);
  const some = /(k_proj|c_attn|c_fc|fc1|down_proj)\.weight$/;
  for (const name of good.names().filter((tensor) => each || some.test(tensor)))
    for (const value of /(up_proj|c_fc|fc1)\.weight$/.test(name) ? [Number.NaN, Infinity] : [Number.NaN])
      yield {
        label: `${architecture.name}, ${name} with ${value}`,
        source: {
          ...good,
          async read(tensor) {
            const values = await good.read(tensor);
            // In an embedding: the row of token 1, and of position 1 or, in OPT, of a position that is counted from 2.
            if (tensor === name)
              values[name.includes('embed_positions') ? 24 * 3 : Math.min(25, values.length - 1)] = value;
            return values;
          },
        },
      };
}

/** Whether the weights are refused, or a token after the broken ones, fed separately, has logits that are not numbers. */
async function isBroken(engine: Engine, { architecture, config }: TinyModel, source: WeightSource): Promise<boolean> {
  let model: LanguageModel;
  try {
    model = await createModel(engine, architecture, config, source);
  } catch (error) {
    if (error instanceof LoadError) return true;
    throw error;
  }
  const cache = model.createCache();
  try {
    model.forward([[2, 1, 3]], cache).dispose();
    const result = model.forward([[4]], cache);
    const logits = await result.logits.read();
    result.dispose();
    return logits.some((logit) => Number.isNaN(logit) || logit === Infinity);
  } finally {
    cache.dispose();
    model.dispose();
  }
}

/** A model that is never run, to list the names of its contracts. */
const nobody = { vocabSize: 8, contextLength: 8 } as LanguageModel;
