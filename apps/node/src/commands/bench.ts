import { type EndEvent, generate, type LanguageModel } from '@tokenwright/core';
import { greedy } from '@tokenwright/samplers';
import { type Command, type Flag, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print, report } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { tell } from '../cli/tell.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { startEngine } from '../engine.ts';
import { findModel, loadBare } from '../models.ts';
import { generalFlags, modelFlags } from '../session.ts';
import { type Measured, measuredLines } from '../show/bench.ts';
import { jsonLine } from '../show/json.ts';

const group = 'Measurement';
/** What is measured when no engine is named: the WebAssembly engines, with several formats of the fused one. */
const usual: readonly (readonly Given['ordered'][number][])[] = [
  ...(['f32', '8-bit', '4-bit-blocks'] as const).map((format) => [
    { name: 'engine', value: 'fused-wasm' },
    { name: 'weights', value: format },
  ]),
  [{ name: 'engine', value: 'tfjs-wasm' }],
];

export const benchCommand: Command = {
  name: 'bench',
  about:
    'Measure a model on this machine: how fast it reads a prompt and writes tokens, greedily, one text at a time, and how much memory ' +
    'its weights take. Each engine is loaded alone and warmed up. Numbers are medians of several rounds, with the smallest and the ' +
    'largest, which show how noisy the machine is.',
  operands: ['[model]'],
  examples: [
    ['tokenwright bench', 'the bundled model, on each engine'],
    ['tokenwright bench model.Q8_0.gguf --engine fused-wasm --weights 8-bit', 'one model, one engine'],
    ['tokenwright bench ./my-model --json | jq .writing.median', 'for programs'],
  ],
  flags: [
    { name: 'prompt-tokens', value: 'N', help: 'Length of the prompt. Default 128, or as many as fit.', group },
    { name: 'new-tokens', value: 'N', help: 'Tokens to write per round. Default 64, or as many as fit.', group },
    { name: 'rounds', value: 'N', help: 'Measured rounds, after one for warming up. Default 3.', group },
    { name: 'json', help: 'One engine per line, as JSON.', group: 'Output' },
    ...modelFlags.filter(({ name }: Flag) => name !== 'model'),
    ...generalFlags,
  ],
  run: bench,
};

async function bench(given: Given): Promise<number | undefined> {
  const name = given.operands[0] ?? 'story';
  const rounds = count(given, 'rounds', 3);
  const asked = ['engine', 'weights', 'threads'].some((flag) => given.has(flag));
  const results: Measured[] = [];
  for (const flags of asked ? [[]] : usual) {
    const settings = new Given(given.operands, [...given.ordered, ...flags]);
    try {
      const measured = await measure(settings, name, rounds);
      if (measured === undefined) break;
      results.push(measured);
      if (given.has('json')) print(jsonLine(measured));
    } catch (error) {
      // One of several engines may be missing here; the others are measured all the same.
      if (asked || interrupt.status !== undefined || results.length === 0) throw error;
      report(`note: ${flags.map(({ value }) => value).join(' ')} is not measured: ${(error as Error).message}\n`);
    }
  }
  if (!given.has('json') && results.length > 0)
    print(
      `${measuredLines(name, results, { paint: paintFor(process.stdout), width: widthOf(process.stdout) }).join('\n')}\n`,
    );
  return interrupt.status;
}

/** One engine; undefined when it was interrupted. */
async function measure(given: Given, name: string, rounds: number): Promise<Measured | undefined> {
  const found = await findModel(given, name);
  const started = performance.now();
  const { engine, report } = await startEngine(given, found);
  try {
    const loading = performance.now();
    const { model, dispose } = await loadBare(given, engine, found);
    try {
      const loaded = performance.now();
      const weightBytes = engine.memory().bytes;
      const promptTokens = count(given, 'prompt-tokens', Math.min(128, Math.floor(model.contextLength / 2)));
      const room = model.contextLength - promptTokens;
      if (room < 2) throw misuse(`--prompt-tokens must leave room in the context of ${model.contextLength}.`);
      const completionTokens = count(given, 'new-tokens', Math.min(64, room));
      if (completionTokens < 2 || completionTokens > room)
        throw misuse(
          `--new-tokens must be from 2 to ${room}, the rest of the context, but ${completionTokens} was given.`,
        );
      const weights = given.text('weights');
      const title = `measuring ${engine.name}${weights === undefined ? '' : ` ${weights}`}`;
      const times = await timesOf(model, promptTokens, completionTokens, rounds, title);
      if (times === undefined) return undefined;
      tell(given, `${title}: ${times.map(({ total }) => Math.round(total)).join(', ')} ms per round`);
      return {
        engine: engine.name,
        weights: report.weights,
        promptTokens,
        completionTokens,
        rounds,
        milliseconds: { start: loading - started, load: loaded - loading },
        weightBytes,
        reading: spread(times.map(({ prefill }) => (promptTokens / prefill) * 1000)),
        writing: spread(times.map(({ prefill, total }) => ((completionTokens - 1) / (total - prefill)) * 1000)),
      };
    } finally {
      dispose();
    }
  } finally {
    await engine.dispose();
  }
}

async function timesOf(
  model: LanguageModel,
  promptTokens: number,
  completionTokens: number,
  rounds: number,
  title: string,
): Promise<EndEvent['timing'][] | undefined> {
  // The work does not depend on the tokens.
  const prompt = Array.from({ length: promptTokens }, (_, at) => (7 + at * 7919) % model.vocabSize);
  const progress = new Progress(title, 'tokens');
  const times: EndEvent['timing'][] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const options = {
        samplers: [greedy()],
        eosTokenIds: [],
        maxNewTokens: completionTokens,
        signal: interrupt.signal,
      };
      let written = round * completionTokens;
      for await (const event of generate(model, prompt, options)) {
        if (event.type === 'token') progress.show(++written, (rounds + 1) * completionTokens);
        if (event.type === 'end' && round > 0) times.push(event.timing);
      }
      if (interrupt.status !== undefined) return undefined;
    }
    return times;
  } finally {
    progress.clear();
  }
}

function spread(values: readonly number[]): Measured['reading'] {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

function count(given: Given, name: string, otherwise: number): number {
  const value = given.number(name) ?? otherwise;
  if (!Number.isInteger(value) || value < 1)
    throw misuse(`--${name} must be an integer of at least 1, but ${value} was given.`);
  return value;
}
