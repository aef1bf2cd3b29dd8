import { combine, contrastiveLogits } from '@tokenwright/contrastive';
import {
  type EndEvent,
  encodePrompt,
  type GenerateOptions,
  generate,
  type LanguageModel,
  score,
} from '@tokenwright/core';
import { distinctNgrams, greedy, repeatedNgrams, temperature, topP } from '@tokenwright/samplers';
import { beamSearch, contrastiveSearch, promptLookup, speculative } from '@tokenwright/strategies';
import type { Command, Given } from '../cli/command.ts';
import { Failure } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { readText } from '../cli/prompt.ts';
import { note } from '../cli/tell.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { generalFlags, modelFlags, type Session, withModel } from '../session.ts';
import { jsonLine } from '../show/json.ts';
import { type Attempt, attemptLines, type Race, raceLines, summaryLines } from '../show/strategies.ts';

interface Method {
  readonly name: string;
  readonly model?: LanguageModel;
  readonly options: GenerateOptions;
}

export const strategiesCommand: Command = {
  name: 'strategies',
  about:
    'Continue one prompt greedily, by sampling, with beams, by contrastive search, and by contrastive decoding against a weaker ' +
    'model, and compare the texts: how much each repeats itself (rep-4: share of 4-grams that occurred before), how varied it is ' +
    '(distinct-2: share of different pairs), and how probable the model itself finds it. Then the same text with and without ' +
    'speculative decoding, and what that gains or costs on this machine.',
  operands: ['[prompt]'],
  examples: [
    ['tokenwright strategies', 'with a prompt that makes greedy decoding loop'],
    ['tokenwright strategies "The whale" -n 120 --seed 4', 'your own prompt, longer texts'],
  ],
  flags: [
    { name: 'max-new-tokens', short: 'n', value: 'N', help: 'Length of each text. Default 60.', group: 'Comparison' },
    { name: 'seed', short: 's', value: 'N', help: 'For sampling. Default 1.', group: 'Comparison' },
    {
      name: 'weaker',
      value: 'MODEL',
      help: 'The amateur of contrastive decoding, which is also the draft model. Default story-amateur, where its vocabulary fits.',
      group: 'Comparison',
      choices: ['story-amateur'],
    },
    { name: 'json', help: 'One line per method, as JSON.', group: 'Output' },
    ...modelFlags,
    ...generalFlags,
  ],
  async run(given) {
    const prompt =
      given.operands.length === 0
        ? 'The old king had three daughters, and'
        : await readText(given.operands[0], 'prompt');
    return withModel(given, (session) => compareStrategies(given, session, prompt));
  },
};

async function compareStrategies(given: Given, session: Session, prompt: string): Promise<number | undefined> {
  const { model } = session;
  const other = (await session.open(given.text('weaker') ?? 'story-amateur')).model;
  // The bundled amateur has the vocabulary of the bundled model. One that is asked for must fit, or `combine` says why not.
  const weaker = given.has('weaker') || other.vocabSize === model.vocabSize ? other : undefined;
  if (weaker === undefined)
    note(
      `contrastive decoding and drafts of a model are left out: ${other.name} has ${other.vocabSize} tokens, ${model.name} ${model.vocabSize}. --weaker names a model with the same vocabulary.`,
    );
  const style = { paint: paintFor(process.stdout), width: Math.min(100, widthOf(process.stdout)) };
  const nucleus = [temperature({ temperature: 0.8 }), topP({ p: 0.95 })];
  const methods: readonly Method[] = [
    { name: 'greedy', options: { samplers: [greedy()] } },
    { name: 'nucleus sampling', options: { samplers: nucleus } },
    { name: 'beam search', options: { strategy: beamSearch({ numBeams: 4 }) } },
    { name: 'contrastive search', options: { strategy: contrastiveSearch() } },
    ...(weaker === undefined
      ? []
      : [
          {
            name: 'contrastive decoding',
            model: combine({ expert: model, others: [{ model: weaker }], rule: contrastiveLogits() }),
            options: { samplers: [greedy()] },
          },
        ]),
  ];
  const write = (lines: readonly string[]): void => {
    if (!given.has('json')) print(`${lines.join('\n')}\n`);
  };
  write([style.paint('bold', prompt), '']);
  const attempts: Attempt[] = [];
  for (const method of methods) {
    const attempt = await attemptOf(given, session, prompt, method);
    if (interrupt.status !== undefined) return interrupt.status;
    attempts.push(attempt);
    if (given.has('json')) print(jsonLine(attempt));
    write(attemptLines(attempt, style));
  }
  write(['', ...summaryLines(attempts, style), '']);

  const races: Race[] = [];
  const drafts = [
    ...(weaker === undefined
      ? []
      : [
          {
            name: `${weaker.name}, 3 tokens`,
            strategy: speculative({ draft: weaker, numAssistantTokens: 3, accept: 'match' }),
          },
        ]),
    {
      name: 'prompt lookup, 4 tokens',
      strategy: speculative({ draft: promptLookup(), numAssistantTokens: 4, accept: 'match' }),
    },
  ];
  for (const method of methods.slice(0, 2)) {
    const plain = await decode(given, session, prompt, method);
    for (const { name, strategy } of drafts) {
      const guessed = await decode(given, session, prompt, { ...method, options: { ...method.options, strategy } });
      if (interrupt.status !== undefined) return interrupt.status;
      const { draftedTokens = 0, acceptedTokens = 0 } = guessed.usage;
      const race: Race = {
        name,
        method: method.name,
        same: guessed.ids.join() === plain.ids.join(),
        draftedTokens,
        acceptedTokens,
        speedUp: plain.timing.perToken / guessed.timing.perToken,
      };
      races.push(race);
      if (given.has('json')) print(jsonLine(race));
    }
  }
  write(raceLines(races, style));
  return undefined;
}

async function attemptOf(given: Given, session: Session, prompt: string, method: Method): Promise<Attempt> {
  const { ids, text, timing } = await decode(given, session, prompt, method);
  const before = encodePrompt(session.tokenizer, prompt);
  const { total } = await score(session.model, [...before, ...ids], { promptLength: before.length });
  return {
    name: method.name,
    text: text ?? '',
    repetition4: repeatedNgrams(ids, 4),
    distinct2: distinctNgrams(ids, 2),
    logprobPerToken: total / ids.length,
    tokensPerSecond: (ids.length / timing.total) * 1000,
  };
}

async function decode(given: Given, session: Session, prompt: string, method: Method): Promise<EndEvent> {
  const { name, model, options } = method;
  const { tokenizer } = session;
  const maxNewTokens = given.number('max-new-tokens') ?? 60;
  const stream = generate(model ?? session.model, encodePrompt(tokenizer, prompt), {
    ...options,
    tokenizer,
    seed: given.number('seed') ?? 1,
    maxNewTokens,
    eosTokenIds: [],
    steps: process.stderr.isTTY === true,
    signal: interrupt.signal,
  });
  const progress = new Progress(name, 'steps');
  let done = 0;
  try {
    for await (const event of stream) {
      if (event.type === 'end') return event;
      progress.show(Math.min(++done, maxNewTokens), maxNewTokens);
    }
  } finally {
    progress.clear();
  }
  throw new Failure(`${name} did not end.`);
}
