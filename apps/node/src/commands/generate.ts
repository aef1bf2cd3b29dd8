import {
  type EndEvent,
  encodePrompt,
  type GenerateOptions,
  generate,
  type OptionSource,
  type StreamEvent,
} from '@tokenwright/core';
import { type PrintedStage, printChain } from '@tokenwright/samplers';
import type { Command, Given } from '../cli/command.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print, report } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { readText } from '../cli/prompt.ts';
import { note } from '../cli/tell.ts';
import { TextFlow } from '../cli/text-flow.ts';
import { generateFlags, noteReportFlags, optionsOf } from '../options/generate-flags.ts';
import { type Grammar, type GrammarPlace, GrammarReading, grammarOf } from '../options/grammar-flags.ts';
import { generalFlags, modelFlags, type Session, tell, withModel } from '../session.ts';
import { completeness, documentFields, incompleteStatus } from '../show/grammar.ts';
import { jsonLine } from '../show/json.ts';
import { rateLine } from '../show/rate.ts';
import { watchedChunk, watchPrefill } from '../watch-prefill.ts';

export const generateCommand: Command = {
  name: 'generate',
  about:
    'Continue a text, and print it as it is generated. The prompt is the argument, or standard input.\n' +
    'Without a sampler flag, the sampling parameters of generation_config.json apply; for the bundled model these are ' +
    '--temperature 0.8 --top-p 0.95. A model without any is decoded greedily.',
  operands: ['[prompt]'],
  examples: [
    ['tokenwright generate "It was a dark night"', 'a different text each time'],
    ['tokenwright generate "The whale" --greedy --max-new-tokens 40', 'always the most probable token'],
    ['tokenwright generate "The whale" --temperature 1.2 --min-p 0.1 --seed 7', 'two samplers, in this order'],
    ['tokenwright generate --top-p 0.9,min-keep=2 < prompt.txt', 'a sampler with a second option'],
    ['tokenwright generate "A person: " --schema person.json', 'JSON that conforms to a schema'],
    ['tokenwright generate "Once" --json --top-logprobs 3 | jq .text', 'one event per line, for programs'],
  ],
  flags: [
    { name: 'echo', short: 'e', help: 'Also print the prompt.', group: 'Output' },
    { name: 'json', help: 'One event per line, as JSON, instead of text.', group: 'Output' },
    { name: 'quiet', short: 'q', help: 'Do not print the line about speed at the end.', group: 'Output' },
    ...generateFlags,
    ...modelFlags,
    ...generalFlags,
  ],
  async run(given) {
    const prompt = await readText(given.operands[0], 'prompt');
    noteReportFlags(given);
    return withModel(given, (session) => stream(given, session, prompt));
  },
};

/** Print the events of one call. Returns the status to leave with. */
export async function stream(given: Given, session: Session, prompt: string): Promise<number | undefined> {
  const ids = encodePrompt(session.tokenizer, prompt);
  const options = watched(optionsOf(given, session));
  const model = watchPrefill(session.model, () => ids.length);
  const ends: EndEvent[] = [];
  const grammar = grammarOf(given);
  const placeOf = ({ ids: written }: EndEvent): GrammarPlace | undefined =>
    grammar && new GrammarReading(grammar, session.tokenizer).read(written).place;
  const printer = given.has('json') ? jsonPrinter(given, placeOf) : textPrinter(given, options, prompt);
  try {
    for await (const event of generate(model, ids, options)) {
      if (event.type === 'end') ends.push(event);
      printer.event(event);
    }
  } finally {
    printer.finish();
  }
  const [first] = ends;
  if (first !== undefined) {
    const { samplers, seed } = first.options;
    tell(
      given,
      `chain: ${printChain(samplers?.value as readonly PrintedStage[])}, from the ${sourceOf(samplers?.source)}`,
    );
    tell(given, `seed: ${seed?.value}`);
  }
  if (!given.has('quiet')) report(`${rateLine(ends)}\n`);
  return interrupt.status ?? (grammar === undefined ? undefined : noteIncomplete(given, grammar, ends, placeOf));
}

/** Say which texts are only the beginning of one of the grammar; the others are complete. */
function noteIncomplete(
  given: Given,
  grammar: Grammar,
  ends: readonly EndEvent[],
  placeOf: (end: EndEvent) => GrammarPlace | undefined,
): number | undefined {
  let status: number | undefined;
  for (const end of ends) {
    const place = placeOf(end)!;
    const line = completeness(grammar, place, end);
    if (place.complete) tell(given, line);
    else {
      note(ends.length > 1 ? `${end.sequence + 1}: ${line}` : line);
      status = incompleteStatus;
    }
  }
  return status;
}

/** On a terminal: a prompt in chunks and the steps of a strategy, for the progress bar. */
function watched(options: GenerateOptions): GenerateOptions {
  if (!process.stderr.isTTY) return options;
  return { ...options, prefillChunkSize: options.prefillChunkSize ?? watchedChunk, steps: true };
}

interface Printer {
  event(event: StreamEvent): void;
  /** Also after an error. */
  finish(): void;
}

function jsonPrinter(given: Given, placeOf: (end: EndEvent) => GrammarPlace | undefined): Printer {
  const grammar = grammarOf(given);
  const steps = given.has('steps');
  return {
    event(event) {
      const place = event.type === 'end' ? placeOf(event) : undefined;
      if (event.type === 'end' && place !== undefined)
        print(jsonLine({ ...event, ...documentFields(grammar!, place, event) }));
      else if (event.type !== 'step' || steps) print(jsonLine(event));
    },
    finish() {},
  };
}

/** Text as it is generated. Several texts, and texts that are only known at the end, one after the other. */
function textPrinter(given: Given, options: GenerateOptions, prompt: string): Printer {
  const several = (options.numReturnSequences ?? 1) > 1;
  const searching = new Progress('searching', 'steps');
  const flow = new TextFlow();
  let lineBegun = false;
  let steps = 0;
  const begin = (): void => {
    searching.clear();
    if (!lineBegun && given.has('echo') && !several) flow.write(prompt);
    lineBegun = true;
  };
  return {
    event(event) {
      if (event.type === 'step' || (several && event.type === 'token')) {
        const sequences = event.type === 'step' ? 1 : (options.numReturnSequences ?? 1);
        if (!lineBegun) searching.show(++steps, (options.maxNewTokens ?? 256) * sequences);
        return;
      }
      begin();
      if (event.type === 'token') flow.write(event.text ?? '');
      else if (event.type === 'end') {
        lineBegun = false;
        flow.write(several ? `--- ${event.sequence + 1}\n${event.text}\n` : `${event.tail ?? ''}\n`);
      }
    },
    finish() {
      searching.clear();
      if (lineBegun) flow.write('\n');
    },
  };
}

function sourceOf(source: OptionSource | undefined): string {
  if (source === 'call') return 'command line';
  if (source === 'preset') return 'preset';
  return source === 'generation_config.json' ? "model's generation_config.json" : 'library';
}
