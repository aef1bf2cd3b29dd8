import { type EndEvent, type GenerateOptions, generate, type LanguageModel } from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';
import { beamSearch } from '@tokenwright/strategies';
import type { Command, Given } from '../cli/command.ts';
import { interrupt } from '../cli/interrupt.ts';
import { Progress } from '../cli/progress.ts';
import { readText } from '../cli/prompt.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { engineFlags, generalFlags, loadTranslator, startEngine } from '../session.ts';
import { type BeamStep, beamStepLines } from '../show/beams.ts';
import { type ExplainedToken, explanationLines } from '../show/explanation.ts';
import { jsonLine } from '../show/json.ts';

const group = 'Translation';

export const translateCommand: Command = {
  name: 'translate',
  summary: 'Translate with an encoder-decoder model; watch the beams live and die',
  about:
    'Translate each line of the text with an encoder-decoder model (T5, BART, Marian). The one that comes along knows about ' +
    '100 German words and turns simple sentences into English: Hund, Katze, Frau, Haus, sehen, laufen, alt, klein …',
  operands: ['[text]'],
  examples: [
    ['tokenwright translate "Der Hund läuft."', 'greedily'],
    ['tokenwright translate "Die alte Frau sieht den Hund." --beams 4 --explain', 'which hypotheses lived and died'],
    ['tokenwright translate --model ./opus-mt-de-en < sentences.txt', 'a Marian model, a sentence a line'],
  ],
  flags: [
    { name: 'beams', short: 'b', value: 'N', help: 'Follow the N best hypotheses. Default 1: greedy.', group },
    { name: 'length-penalty', value: 'X', help: 'With --beams: above 0 favours longer sentences. Default 1.', group },
    { name: 'sequences', value: 'N', help: 'With --beams: print the N best, each with its score.', group },
    { name: 'max-new-tokens', short: 'n', value: 'N', help: 'Most tokens of a translation.', group },
    { name: 'explain', help: 'Show each step: candidates, or with --beams which hypotheses lived and died.', group },
    { name: 'json', help: 'One event a line, as JSON.', group: 'Output' },
    {
      name: 'model',
      short: 'm',
      value: 'FOLDER',
      help: 'Folder of an encoder-decoder model. Default: the one that comes along.',
      group: 'Model and engine',
    },
    ...engineFlags,
    ...generalFlags,
  ],
  async run(given) {
    const text = await readText(given.operands[0], 'text');
    const engine = await startEngine(given);
    try {
      const { sequenceToSequence, tokenizer, dispose } = await loadTranslator(given, engine);
      try {
        const lines = text.split('\n').filter((line) => line.trim() !== '');
        const model = await sequenceToSequence.encode({ ids: lines.map((line) => tokenizer.encode(line)) });
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
  const write = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);
  const progress = new Progress('translating', 'sentences');
  for await (const event of generate(model, new Array<number[]>(count).fill([]), optionsOf(given, tokenizer))) {
    if (event.type === 'end' && count > 1) progress.show(ends.length, count);
    if (given.has('json')) process.stdout.write(jsonLine(event));
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
    const shown = given.has('sequences') && score !== undefined ? style.paint('dim', `  (${score.toFixed(4)})`) : '';
    process.stdout.write(`${text}${shown}\n`);
  }
  return interrupt.status;
}

function optionsOf(given: Given, tokenizer: LoadedTokenizer): GenerateOptions {
  const optional = (name: string, flag: string): object => (given.has(flag) ? { [name]: given.number(flag) } : {});
  const beams = given.number('beams') ?? 1;
  const explain = given.has('explain');
  return {
    tokenizer,
    signal: interrupt.signal,
    ...optional('maxNewTokens', 'max-new-tokens'),
    ...optional('sequences', 'sequences'),
    ...(beams === 1
      ? { samplers: [greedy()], explain, logprobs: explain }
      : { strategy: beamSearch({ numBeams: beams, ...optional('lengthPenalty', 'length-penalty') }), steps: explain }),
  };
}
