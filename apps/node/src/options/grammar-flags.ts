import { readFileSync } from 'node:fs';
import { ParameterError, type Sampler, type Tokenizer, TokenwrightError } from '@tokenwright/core';
import {
  type Automaton,
  choices,
  constrain,
  forcedText,
  gbnf,
  jsonSchema,
  regularExpression,
  tokenizerVocabulary,
  type Vocabulary,
} from '@tokenwright/grammar';
import type { Drafter } from '@tokenwright/strategies';
import type { Flag, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { parseJson } from './read-options.ts';

const group = 'Structured output (one of the first four)';

/** What a text must be, and where a text is in it. */
export interface Grammar {
  readonly flag: GrammarFlag;
  readonly automaton: Automaton;
}

type GrammarFlag = 'schema' | 'regex' | 'grammar' | 'choices';

/** The drafter that proposes what a grammar leaves only one way to write. */
export const forcedTextDraft = 'forced-text';

export const grammarFlags: readonly Flag[] = [
  {
    name: 'schema',
    value: 'FILE|JSON',
    help: 'The text is JSON that conforms to this JSON Schema (2020-12, or draft 4 to 7).',
    group,
  },
  {
    name: 'regex',
    value: 'PATTERN',
    help: "The whole text matches this regular expression, in JavaScript's syntax.",
    group,
  },
  { name: 'grammar', value: 'FILE|GBNF', help: "The text is one of this grammar, in llama.cpp's notation.", group },
  {
    name: 'choices',
    value: 'A,B,…|JSON',
    help: 'The text is one of these. Spaces count. May be given several times; as a JSON list, texts may have commas.',
    group,
    repeats: true,
  },
  {
    name: 'compact',
    help: `With --schema: JSON without white space, so that --draft ${forcedTextDraft} has more to propose.`,
    group,
  },
];

const makers: Readonly<Record<GrammarFlag, (given: Given) => Automaton>> = {
  schema: (given) => {
    const text = given.text('schema')!;
    const { content, name } = contentOf('schema', text, /^\s*[{tf]/.test(text));
    const schema = jsonOf('schema', content, name);
    const isFlexible = !given.has('compact');
    // Messages about a schema begin with the JSON pointer of the problem.
    return refusing('schema', name, () => jsonSchema(schema as never, { whitespaceFlexible: isFlexible }));
  },
  regex: (given) => refusing('regex', undefined, () => regularExpression(given.text('regex')!)),
  grammar: (given) => {
    const text = given.text('grammar')!;
    const { content, name } = contentOf('grammar', text, text.includes('::='));
    return refusing('grammar', name, () => gbnf(content));
  },
  choices: (given) => refusing('choices', undefined, () => choices(given.texts('choices').flatMap(choicesOf))),
};

const flags = Object.keys(makers) as GrammarFlag[];

/** The grammar of a command line; undefined when it names none. A grammar is made once. */
export function grammarOf(given: Given): Grammar | undefined {
  const named = flags.filter((flag) => given.has(flag));
  if (named.length > 1)
    throw misuse(
      `Give one of --schema, --regex, --grammar and --choices, not ${named.map((flag) => `--${flag}`).join(' and ')}.`,
    );
  const [flag] = named;
  if (given.has('compact') && flag !== 'schema') throw misuse('--compact goes with --schema only.');
  if (given.text('draft') === forcedTextDraft && flag === undefined)
    throw misuse(`--draft ${forcedTextDraft} needs --schema, --regex, --grammar or --choices.`);
  if (flag === undefined) return undefined;
  const key = JSON.stringify([flag, given.texts(flag), given.has('compact')]);
  if (last?.key !== key) last = { key, grammar: { flag, automaton: makers[flag](given) } };
  return last.grammar;
}

/** A chat asks for the same grammar before each answer. */
let last: { readonly key: string; readonly grammar: Grammar } | undefined;

interface Constraint {
  readonly sampler: Sampler;
  readonly vocabulary: Vocabulary;
}

const constraints = new WeakMap<Grammar, WeakMap<Tokenizer, Constraint>>();

/** A grammar for the tokens of a model: the sampler that keeps to it, and the bytes of the tokens. */
export function constraintOf(grammar: Grammar, tokenizer: Tokenizer): Constraint {
  const known = constraints.get(grammar) ?? new WeakMap<Tokenizer, Constraint>();
  constraints.set(grammar, known);
  let constraint = known.get(tokenizer);
  if (constraint === undefined) {
    const vocabulary = tokenizerVocabulary(tokenizer);
    constraint = { sampler: constrain({ automaton: grammar.automaton, vocabulary }), vocabulary };
    known.set(tokenizer, constraint);
  }
  return constraint;
}

/** The drafter of `--draft forced-text`. */
export function forcedTextDrafter(given: Given, tokenizer: Tokenizer): Drafter {
  const grammar = grammarOf(given)!;
  const { vocabulary } = constraintOf(grammar, tokenizer);
  return forcedText({ automaton: grammar.automaton, vocabulary, tokenizer });
}

/** Where a text is in a grammar. */
export interface GrammarPlace {
  /** Whether the text may end here. */
  readonly complete: boolean;
  /** A JSON pointer of the schema, or the name of a rule. */
  readonly at: string;
}

/** Follows a text through a grammar, token by token. */
export class GrammarReading {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  #state: unknown;

  constructor(grammar: Grammar, tokenizer: Tokenizer) {
    this.#automaton = grammar.automaton;
    this.#vocabulary = constraintOf(grammar, tokenizer).vocabulary;
    this.#state = grammar.automaton.initial;
  }

  /** Read tokens. Control tokens, such as the end token, have no bytes. */
  read(ids: Iterable<number>): this {
    for (const id of ids)
      for (const byte of this.#vocabulary.bytes[id] ?? [])
        if (this.#state !== undefined) this.#state = this.#automaton.step(this.#state, byte);
    return this;
  }

  get place(): GrammarPlace {
    const state = this.#state;
    if (state === undefined) return { complete: false, at: '#' };
    return { complete: this.#automaton.accepting(state), at: this.#automaton.describe?.(state) ?? '#' };
  }
}

/** The text of a flag that may be the name of a file, and what messages call it. */
function contentOf(
  flag: string,
  text: string,
  isInline: boolean,
): { readonly content: string; readonly name?: string } {
  if (isInline) return { content: text };
  try {
    return { content: readFileSync(text, 'utf8').replace(/^\ufeff/, ''), name: text };
  } catch (error) {
    throw misuse(`--${flag}: ${text} cannot be read: ${(error as Error).message}`);
  }
}

function jsonOf(flag: string, text: string, name: string | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw misuse(`--${flag}: ${name ?? 'the schema'} is not JSON: ${(error as Error).message}`);
  }
}

function choicesOf(text: string): readonly string[] {
  return text.startsWith('[') ? (parseJson('choices', text) as readonly string[]) : text.split(',');
}

/** Read a grammar. Errors name the flag and the file: '--schema: person.json#/properties/age: …'. */
function refusing<Result>(flag: string, name: string | undefined, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!TokenwrightError.isInstance(error)) throw error;
    const { message } = error as Error;
    const line = ParameterError.isInstance(error)
      ? message.slice(`${(error as ParameterError).owner}: `.length)
      : message;
    const separator = name === undefined || line.startsWith('#') ? '' : ': ';
    throw misuse(`--${flag}: ${name ?? ''}${separator}${line}`);
  }
}
