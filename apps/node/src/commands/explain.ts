import {
  compareChains,
  encodePrompt,
  type GenerateOptions,
  generate,
  type Sampler,
  type TokenEvent,
} from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { greedy, printChain } from '@tokenwright/samplers';
import type { Command, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { readText } from '../cli/prompt.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { generateFlags, optionsOf, reportGroup } from '../options/generate-flags.ts';
import { constraintOf, GrammarReading, grammarOf } from '../options/grammar-flags.ts';
import { chainNamed } from '../options/sampler-flags.ts';
import { generalFlags, modelFlags, type Session, withModel } from '../session.ts';
import { againstLines } from '../show/against.ts';
import { type ExplainedToken, explanationLines } from '../show/explanation.ts';
import { grammarChoice } from '../show/grammar.ts';
import { jsonLine } from '../show/json.ts';
import { tokenText } from '../show/token.ts';
import { watchedChunk, watchPrefill } from '../watch-prefill.ts';

export const explainCommand: Command = {
  name: 'explain',
  about:
    'Continue a text and show, for each new token, the most probable candidates as bars, first as the model sees them and then ' +
    'after each sampler, with the probability that each sampler took away, the token that was chosen, and its rank.\n' +
    'The longest bar of a step represents its largest probability.',
  operands: ['[prompt]'],
  examples: [
    ['tokenwright explain "It was a dark"', 'the chain of the model'],
    ['tokenwright explain "It was a dark" --top-k 3 -n 1', 'one token, one sampler'],
    ['tokenwright explain "The the the" --repetition-penalty 1.3 --min-p 0.1', 'a penalty at work'],
    ['tokenwright explain "Is it true? " --choices "yes,no"', 'how many tokens a grammar leaves, and where'],
    ['tokenwright explain "It was a dark" --top-p 0.9 --against llama-cpp', 'two chains on the same random numbers'],
  ],
  flags: [
    {
      name: 'candidates',
      value: 'N',
      help: 'How many tokens to show at each step, from 1 to 10. Default 5.',
      group: 'Output',
    },
    {
      name: 'against',
      value: 'PRESET|JSON',
      help: 'Compare with another chain on the same random numbers: where they diverge, and why. A preset as in --preset, or a chain as in --chain.',
      group: 'Output',
    },
    { name: 'json', help: 'One step per line, as JSON; with --against one line.', group: 'Output' },
    ...generateFlags.filter(
      ({ group, name }) => group !== reportGroup && !['num-return-sequences', 'strategy', 'draft'].includes(name),
    ),
    ...modelFlags,
    ...generalFlags,
  ],
  async run(given) {
    const prompt = await readText(given.operands[0], 'prompt');
    return withModel(given, (session) =>
      given.has('against') ? compareWith(given, session, prompt) : explainEach(given, session, prompt),
    );
  },
};

async function explainEach(given: Given, session: Session, prompt: string): Promise<number | undefined> {
  const { model, tokenizer } = session;
  const candidates = given.number('candidates') ?? 5;
  if (!Number.isInteger(candidates) || candidates < 1 || candidates > 10)
    throw misuse(`--candidates must be an integer from 1 to 10, but ${candidates} was given.`);
  const style = { paint: paintFor(process.stdout), width: Math.min(110, widthOf(process.stdout)), candidates };
  const options = {
    maxNewTokens: 5,
    ...(process.stderr.isTTY ? { prefillChunkSize: watchedChunk } : {}),
    ...optionsOf(given, session),
    explain: true,
    logprobs: true,
  };
  let text = prompt;
  let step = 0;
  const grammar = grammarOf(given);
  const reading = grammar && new GrammarReading(grammar, tokenizer);
  const ids = encodePrompt(tokenizer, prompt);
  for await (const event of generate(
    watchPrefill(model, () => ids.length),
    ids,
    options,
  )) {
    if (event.type !== 'token') continue;
    const explained = event as ExplainedToken;
    step++;
    const choice = reading && grammarChoice(explained, model.vocabSize, reading.place.at);
    reading?.read([event.id]);
    if (given.has('json'))
      print(
        jsonLine({ step, ...withTexts(explained, tokenizer), ...(choice === undefined ? {} : { grammar: choice }) }),
      );
    else print(`${explanationLines(explained, step, text, tokenizer, { ...style, choice }).join('\n')}\n`);
    text += tokenText(tokenizer, event.id);
  }
  return interrupt.status;
}

/** Two chains on the same random numbers. */
async function compareWith(given: Given, session: Session, prompt: string): Promise<number | undefined> {
  const { model, tokenizer } = session;
  const { samplers, ...options }: GenerateOptions = { maxNewTokens: 20, ...optionsOf(given, session) };
  const { seed, preset, ...rest } = options;
  if (seed !== undefined && typeof seed !== 'number') throw misuse('--against wants one --seed.');
  const own: readonly Sampler[] = samplers ?? preset?.options.samplers ?? model.defaults.samplers ?? [greedy()];
  const grammar = grammarOf(given);
  const named = chainNamed('against', given.text('against')!, tokenizer);
  // Both chains keep to the grammar.
  const other = grammar === undefined ? named : [constraintOf(grammar, tokenizer).sampler, ...named];
  const comparison = await compareChains(model, encodePrompt(tokenizer, prompt), [own, other], {
    ...rest,
    ...(seed === undefined ? {} : { seed }),
  } as Parameters<typeof compareChains>[3]);
  const names = [printChain(own), printChain(other)] as const;
  if (given.has('json')) {
    const { first, second, ...facts } = comparison;
    const series = (events: readonly TokenEvent[]): object[] =>
      events.map((event) => withTexts(event as ExplainedToken, tokenizer));
    print(jsonLine({ ...facts, chains: names, first: series(first), second: series(second) }));
  } else {
    const lines = againstLines(comparison, names, prompt, tokenizer, {
      paint: paintFor(process.stdout),
      width: Math.min(100, widthOf(process.stdout)),
    });
    print(`${lines.join('\n')}\n`);
  }
  return interrupt.status;
}

/** The event with the text of each token that it names by id. */
function withTexts(event: ExplainedToken, tokenizer: LoadedTokenizer): object {
  const { model, stages } = event.explanation;
  const named = <Summary extends ExplainedToken['explanation']['model']>(summary: Summary): object => ({
    ...summary,
    top: summary.top.map((candidate) => ({ ...candidate, text: tokenText(tokenizer, candidate.id) })),
  });
  const { type: _, ...rest } = event satisfies TokenEvent;
  return {
    ...rest,
    text: tokenText(tokenizer, event.id),
    explanation: {
      model: named(model),
      stages: stages.map(named),
      // Of the chosen token, in the model's distribution and after each stage.
      chosen: event.explanation.probability(event.id),
    },
  };
}
