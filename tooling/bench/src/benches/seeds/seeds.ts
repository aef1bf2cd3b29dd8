import { type Engine, type LanguageModel, Random } from '@tokenwright/core';
import { sampleToken } from '@tokenwright/core/sampling';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import type { Bench } from '../../harness/bench.ts';
import { openGpu } from '../../limits/gpu.ts';
import { type EngineChoice, fusedEngines, fusedWebgpu, label, matching, plain } from '../../models/engines.ts';
import type { Column } from '../../report/table.ts';
import { compareDraws, drawFrom } from './agreement.ts';

/** Agreement of one engine with plain TensorFlow.js on cpu. Counts of draws, and of texts of 256 tokens. */
interface SeedsRow {
  readonly bench: 'seeds';
  readonly model: string;
  readonly engine: string;
  readonly format: string;
  readonly threads: number;
  /** Largest difference of a logit from its row's mean difference, which no draw depends on. */
  readonly largestError: number;
  readonly draws: number;
  readonly texts: number;
  /** Draws that differ, by the running sum and by the race. */
  readonly inversion: number;
  readonly race: number;
  /** Texts in which a draw differs. */
  readonly inversionTexts: number;
  readonly raceTexts: number;
}

const seed = 7;
const length = 256;
const prompts = ['The rain had ceased', 'My dear sister', '"Who is there?" said', 'In the year'];

/** Whether the same seed gives the same tokens on every engine. */
export const seedsBench: Bench = {
  name: 'seeds',
  summary: 'draws that differ between engines with the same seed, by a running sum and by the exponential race',
  async run(context) {
    const wanted = context.draws ?? (context.quick ? 20_000 : 1_000_000);
    const texts = context.quick ? 4 : 16;
    const sequences = Math.ceil(wanted / (texts * length));
    const expected = await onStory(plain('cpu'), (model, encode) => write(model, beginnings(texts, encode)));
    const ours = expected.map((text) => text.logits);
    const ourDraws = drawFrom(ours, sequences, seed);
    const rows: SeedsRow[] = [];
    for (const choice of matching(await others(), context.engine)) {
      try {
        const logits = await onStory(choice, (model) => read(model, expected));
        const draws = drawFrom(logits, sequences, seed);
        const inversion = compareDraws(ourDraws, draws, 'inversion');
        const race = compareDraws(ourDraws, draws, 'race');
        const { engine, format, threads } = choice;
        rows.push({
          bench: 'seeds',
          model: 'demo model story',
          engine,
          format,
          threads,
          largestError: largestError(ours.flat(), logits.flat()),
          draws: draws.race.length,
          texts: texts * sequences,
          inversion: inversion.draws,
          race: race.draws,
          inversionTexts: inversion.texts,
          raceTexts: race.texts,
        });
      } catch (error) {
        context.note(`${label(choice)} is left out: ${(error as Error).message}`);
      }
    }
    const heading = 'Draws that differ from plain TensorFlow.js on cpu, demo model story, temperature 1, all tokens';
    context.printAs(heading, rows, columns);
  },
};

/** The engines that compute in float32. A software driver for WebGPU counts: its speed does not matter here. */
async function others(): Promise<EngineChoice[]> {
  // First, because the list of drivers is read only once.
  const gpu = await openGpu(true);
  const wasm = (await fusedEngines([1])).filter(({ engine }) => engine === 'fused wasm');
  const webgpu = gpu === undefined ? [] : await fusedWebgpu();
  return [plain('wasm'), ...[...wasm, ...webgpu].filter(({ format }) => format === 'f32')];
}

/** A text that was drawn, and the logits that each of its new tokens was drawn from. */
interface Written {
  readonly prompt: readonly number[];
  readonly ids: readonly number[];
  readonly logits: readonly Float32Array[];
}

function beginnings(count: number, encode: (text: string) => readonly number[]): number[][] {
  return Array.from({ length: count }, (_, i) => [...encode(prompts[i % prompts.length]!)]);
}

/** Draw texts, token by token. */
async function write(model: LanguageModel, given: readonly (readonly number[])[]): Promise<Written[]> {
  const random = new Random(seed);
  const texts = given.map((prompt) => ({ prompt, ids: [] as number[], logits: [] as Float32Array[] }));
  await steps(model, given, (rows, position) => {
    for (const [i, text] of texts.entries()) {
      text.logits.push(rows[i]!);
      text.ids.push(sampleToken(rows[i]!, random.key(i, position, 'draft')));
    }
    return texts.map(({ ids }) => [ids.at(-1)!]);
  });
  return texts;
}

/** The logits of the same texts on another engine, also token by token. */
async function read(model: LanguageModel, texts: readonly Written[]): Promise<Float32Array[][]> {
  const logits: Float32Array[][] = texts.map(() => []);
  const given = texts.map(({ prompt }) => prompt);
  await steps(model, given, (rows, position) => {
    for (const [i, row] of rows.entries()) logits[i]!.push(row);
    return texts.map(({ ids }) => [ids[position]!]);
  });
  return logits;
}

/** Feed the prompts, and then what `next` returns. */
async function steps(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  next: (rows: readonly Float32Array[], position: number) => number[][],
): Promise<void> {
  const cache = model.createCache({ rows: prompts.length });
  try {
    let fed: readonly (readonly number[])[] = prompts;
    for (let position = 0; position < length; position++) {
      const result = model.forward(fed, cache);
      const values = await result.logits.read();
      result.dispose();
      fed = next(
        prompts.map((_, i) => values.slice(i * model.vocabSize, (i + 1) * model.vocabSize)),
        position,
      );
    }
  } finally {
    cache.dispose();
  }
}

async function onStory<T>(
  choice: EngineChoice,
  use: (model: LanguageModel, encode: (text: string) => readonly number[]) => Promise<T>,
): Promise<T> {
  const engine: Engine = await choice.start();
  try {
    const { model, tokenizer, dispose } = await load(demoModel('story'), { engine });
    try {
      return await use(model, (text) => [...tokenizer.encode(text)]);
    } finally {
      dispose();
    }
  } finally {
    await engine.dispose();
  }
}

function largestError(ours: readonly Float32Array[], theirs: readonly Float32Array[]): number {
  let most = 0;
  for (const [at, row] of ours.entries()) {
    const differences = row.map((logit, id) => theirs[at]![id]! - logit);
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / row.length;
    for (const difference of differences) most = Math.max(most, Math.abs(difference - mean));
  }
  return most;
}

const count = (value: number): string => value.toLocaleString('en-US');
const perMillion = (differing: number, draws: number): string => ((1e6 * differing) / draws).toFixed(1);

const columns: readonly Column<SeedsRow>[] = [
  { title: 'engine', cell: ({ engine }) => engine, align: 'left' },
  { title: 'format', cell: ({ format }) => format, align: 'left' },
  { title: 'largest error', cell: (row) => row.largestError.toExponential(1), align: 'right' },
  { title: 'draws', cell: ({ draws }) => count(draws), align: 'right' },
  { title: 'running sum, per million', cell: (row) => perMillion(row.inversion, row.draws), align: 'right' },
  { title: 'race, per million', cell: (row) => perMillion(row.race, row.draws), align: 'right' },
  { title: 'texts of 256', cell: ({ texts }) => count(texts), align: 'right' },
  { title: 'running sum', cell: ({ inversionTexts }) => count(inversionTexts), align: 'right' },
  { title: 'race', cell: ({ raceTexts }) => count(raceTexts), align: 'right' },
];
