import { type EndEvent, type GenerateOptions, generate, type LanguageModel } from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';
import { beamSearch } from '@tokenwright/strategies';
import type { Command, Flag, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { readText } from '../cli/prompt.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { kebabCase } from '../options/option-help.ts';
import { checkEngineFlags, engineFlags, findModel, generalFlags, loadTranslator, startEngine } from '../session.ts';
import { type BeamStep, beamStepLines } from '../show/beams.ts';
import { type ExplainedToken, explanationLines } from '../show/explanation.ts';
import { jsonLine } from '../show/json.ts';

const group = 'Translation';

const flagOf = (option: string, help: string): Flag => ({
  name: kebabCase(option),
  value: option === 'lengthPenalty' ? 'X' : 'N',
  help,
  group,
});

export const translateCommand: Command = {
  name: 'translate',
  about:
    'Translate each line of the text with an encoder-decoder model (T5, BART, Marian). The bundled model knows about ' +
    '100 German words and translates simple sentences into English: Hund, Katze, Frau, Haus, sehen, laufen, alt, klein …',
  operands: ['[text]'],
  examples: [
    ['tokenwright translate "Der Hund läuft."', 'greedily'],
    [
      'tokenwright translate "Die alte Frau sieht den Hund." --num-beams 4 --explain',
      'which hypotheses are kept and dropped',
    ],
    ['tokenwright translate --model ./opus-mt-de-en < sentences.txt', 'a Marian model, one sentence per line'],
  ],
  flags: [
    { ...flagOf('numBeams', 'Keep the N best hypotheses. Default 1: greedy.'), short: 'b', former: ['beams'] },
    flagOf('lengthPenalty', 'With --num-beams: above 0 favors longer sentences. Default 1.'),
    {
      ...flagOf('numReturnSequences', 'With --num-beams: print the N best, each with its score.'),
      former: ['sequences'],
    },
    { ...flagOf('maxNewTokens', 'Maximum number of tokens per translation.'), short: 'n' },
    {
      name: 'explain',
      help: 'Show each step: candidates, or with --num-beams the hypotheses that are kept and dropped.',
      group,
    },
    { name: 'json', help: 'One event per line, as JSON.', group: 'Output' },
    {
      name: 'model',
      short: 'm',
      value: 'FOLDER',
      help: 'Folder of an encoder-decoder model. Default: the bundled one.',
      group: 'Model and engine',
    },
    ...engineFlags,
    ...generalFlags,
  ],
  async run(given) {
    const text = await readText(given.operands[0], 'text');
    checkEngineFlags(given);
    checkFlags(given);
    const found = await findModel(given, given.text('model') ?? 'translate');
    const { engine } = await startEngine(given, found);
    try {
      const { sequenceToSequence, tokenizer, sourceTokenizer, dispose } = await loadTranslator(given, engine, found);
      try {
        const lines = text.split('\n').filter((line) => line.trim() !== '');
        const model = await sequenceToSequence.encode({ ids: lines.map((line) => sourceTokenizer.encode(line)) });
        try {
          return await translate(given, model, tokenizer, lines.length);
        } finally {
          model.dispose();
        }
      } finally {
        dispose();
      }
    } finally {
      await engine.dispose();
    }
  },
};

/** @throws Failure for a value that is not allowed, and for flags of beam search without it. */
function checkFlags(given: Given): void {
  for (const flag of ['num-beams', 'num-return-sequences', 'max-new-tokens']) {
    const value = given.number(flag);
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw misuse(`--${flag} must be an integer of at least 1, but ${value} was given.`);
  }
  const beams = given.number('num-beams') ?? 1;
  const sequences = given.number('num-return-sequences') ?? 1;
  if (sequences > beams)
    throw misuse(`--num-return-sequences ${sequences} needs --num-beams ${sequences} or more, but it is ${beams}.`);
  if (beams === 1 && given.has('length-penalty'))
    throw misuse('--length-penalty goes with --num-beams 2 or more: greedy decoding compares no lengths.');
}

async function translate(
  given: Given,
  model: LanguageModel,
  tokenizer: LoadedTokenizer,
  count: number,
): Promise<number | undefined> {
  const style = { paint: paintFor(process.stdout), width: Math.min(100, widthOf(process.stdout)), candidates: 5 };
  const ends: EndEvent[] = [];
  const texts = new Array<string>(count).fill('');
  const steps = new Array<number>(count).fill(0);
  const write = (lines: readonly string[]): void => void print(`${lines.join('\n')}\n`);
  const progress = new Progress('translating', 'sentences');
  for await (const event of generate(model, new Array<number[]>(count).fill([]), optionsOf(given, tokenizer))) {
    if (event.type === 'end' && count > 1) progress.show(ends.length, count);
    if (given.has('json')) print(jsonLine(event));
    else if (event.type === 'end') ends.push(event);
    else if (given.has('explain') && event.type === 'step') {
      const step = ++steps[event.promptIndex]!;
      write(beamStepLines(event.detail as unknown as BeamStep, step, tokenizer, style));
    } else if (event.type === 'token' && event.explanation !== undefined) {
      const { promptIndex } = event;
      write(explanationLines(event as ExplainedToken, ++steps[promptIndex]!, texts[promptIndex]!, tokenizer, style));
      texts[promptIndex] += event.text ?? '';
    }
  }
  progress.clear();
  ends.sort((a, b) => a.promptIndex - b.promptIndex || a.sequence - b.sequence);
  for (const { text, score } of ends) {
    const shown =
      given.has('num-return-sequences') && score !== undefined ? style.paint('dim', `  (${score.toFixed(4)})`) : '';
    print(`${text}${shown}\n`);
  }
  return interrupt.status;
}

function optionsOf(given: Given, tokenizer: LoadedTokenizer): GenerateOptions {
  const optional = (name: string): object => {
    const flag = kebabCase(name);
    return given.has(flag) ? { [name]: given.number(flag) } : {};
  };
  const numBeams = given.number('num-beams') ?? 1;
  const explain = given.has('explain');
  return {
    tokenizer,
    signal: interrupt.signal,
    ...optional('maxNewTokens'),
    ...optional('numReturnSequences'),
    ...(numBeams === 1
      ? { samplers: [greedy()], explain, logprobs: explain }
      : { strategy: beamSearch({ numBeams, ...optional('lengthPenalty') }), steps: explain }),
  };
}
