import { History, Random, type Sampler } from '@tokenwright/core';
import { decisiveStages, HostRow, largest, type RowContext, RunState, sampleToken } from '@tokenwright/core/sampling';
import type { Bench, Context } from '../../harness/bench.ts';
import type { Row } from '../../report/row.ts';
import { pairedRatio } from '../../timing/statistics.ts';
import type { Contestant } from '../../timing/turns.ts';
import { logitsLikeAModels } from './logits.ts';
import { type NaiveSettings, naiveChain, sortEverything } from './naive-chain.ts';
import { chains, type NamedChain, singleSamplers, usual } from './sampler-chains.ts';

const promptLength = 256;
const generated = 64;

/** Cost of a step of each sampler and of common chains, at three vocabulary sizes. */
export const samplersBench: Bench = {
  name: 'samplers',
  summary:
    'cost per step of each sampler and of the usual chains at V = 512, 50,257 and 151,936, against sorting everything',
  async run(context) {
    for (const vocabSize of [512, 50_257, 151_936]) {
      const bench = new StepBench(vocabSize);
      await printGroup(context, bench, 'One sampler', singleSamplers(vocabSize, promptLength + generated), {
        name: 'softmax and sort of all',
        step: ({ logits }) => void sortEverything(logits),
      });
      await printGroup(context, bench, 'Chain and draw', chains(), {
        name: 'the usual chain, sorting everything',
        step: ({ logits, context: { history, random } }) =>
          void naiveChain(logits, history.tokens, random.uniform(0, history.length, 'draw'), naive),
      });
    }
  },
};

const naive: NaiveSettings = { penalty: usual.penalty, k: usual.k, p: usual.p, temperature: usual.t };

/** Measures all samplers of a group and the naive form in the same rounds. */
async function printGroup(
  context: Context,
  bench: StepBench,
  title: string,
  group: readonly NamedChain[],
  naiveForm: { readonly name: string; step(row: HostRow): void },
): Promise<void> {
  const least = context.quick ? 4 : 25;
  // A round contains all samplers of a group, so it is long enough without repetition.
  const turns = await context.turns(
    [
      bench.contestant(naiveForm.step, least),
      ...group.map(({ samplers, draws }) => bench.contestant((row) => runChain(row, samplers, draws), least)),
    ],
    { warmUps: context.quick ? 1 : 3, leastTime: 0 },
  );
  const reference = turns.values[0]!;
  const shape = `V = ${bench.vocabSize.toLocaleString('en-US')}`;
  const rows: Row[] = [
    context.row({ measure: naiveForm.name, engine: 'host', shape, threads: 1, unit: 'us' }, reference, turns),
    ...group.map(({ name }, i) => {
      const times = turns.values[i + 1]!;
      return context.row(
        {
          measure: name,
          engine: 'host',
          shape,
          threads: 1,
          unit: 'us',
          ratio: pairedRatio(reference, times),
          ratioTo: 'as fast as the naive form',
        },
        times,
        turns,
      );
    }),
  ];
  context.print(`${title}, ${shape}: time of a step`, rows);
}

/** The work of `Scores.sample` for one row: the stages that affect the result, then sampling. */
function runChain(row: HostRow, samplers: readonly Sampler[], draws: boolean): void {
  for (const { sampler, index } of decisiveStages(samplers)) row.apply(sampler, index);
  if (!draws) return;
  const { random, sequence, history } = row.context;
  if (samplers.at(-1)?.traits?.selectsArgMax === true) largest(row.logits, row.candidates);
  else sampleToken(row.logits, random.key(sequence, history.length, 'draw'), row.candidates);
}

/** Copies of a row of logits. A chain edits its row in place, so each step uses a new copy; copying is not measured. */
class StepBench {
  readonly vocabSize: number;
  readonly #logits: Float32Array;
  readonly #history: History;

  constructor(vocabSize: number) {
    this.vocabSize = vocabSize;
    this.#logits = logitsLikeAModels(vocabSize);
    const ids = Array.from({ length: promptLength + generated }, (_, i) => (i * i * 31 + i * 7) % vocabSize);
    let history = History.of(ids.slice(0, promptLength));
    for (const id of ids.slice(promptLength)) history = history.append(id);
    this.#history = history;
  }

  /** Microseconds per step, averaged over at least `least` milliseconds. */
  contestant(step: (row: HostRow) => void, least: number): Contestant {
    return {
      run: () => {
        let time = 0;
        let steps = 0;
        while (time < least) {
          const rows = Array.from({ length: 8 }, () => this.#row());
          const began = performance.now();
          for (const row of rows) {
            step(row);
            steps++;
            if (time + performance.now() - began > 4 * least) break;
          }
          time += performance.now() - began;
        }
        return (time * 1000) / steps;
      },
    };
  }

  #row(): HostRow {
    const context: RowContext = {
      history: this.#history,
      sequence: 0,
      promptLength,
      vocabSize: this.vocabSize,
      eosTokenIds: [this.vocabSize - 1],
      maxLength: 1000,
      random: new Random(3),
      state: new RunState(),
      source: this.#history.tokens.subarray(0, promptLength),
    };
    return new HostRow(this.#logits.slice(), context);
  }
}
