import type { Sampler } from '@tokenwright/core';
import {
  type Automaton,
  constrain,
  GrammarSyntaxError,
  gbnf,
  jsonSchema,
  regularExpression,
  tokenizerVocabulary,
  tokenMasks,
  UnsatisfiableSchemaError,
  UnsupportedSchemaError,
  type Vocabulary,
} from '@tokenwright/grammar';
import { characterRanges } from '../grammar/character-ranges.ts';
import type { Failure, GrammarPoint, GrammarReport } from '../protocol.ts';
import type { GrammarSettings } from '../settings.ts';
import { failureOf } from './failure.ts';
import type { Session } from './session.ts';

/** The longest forced text that is reported, in bytes. */
const forcedLimit = 80;

/** A grammar for the tokens of a model. */
export class Grammar {
  readonly sampler: Sampler;
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  readonly #masks: (state: unknown) => Uint32Array;
  readonly #eosTokenCount: number;
  readonly #points: Map<string, GrammarPoint> = new Map();

  constructor(automaton: Automaton, vocabulary: Vocabulary, eosTokenCount: number) {
    this.sampler = constrain({ automaton, vocabulary });
    this.#automaton = automaton;
    this.#vocabulary = vocabulary;
    this.#masks = tokenMasks(automaton, vocabulary);
    this.#eosTokenCount = eosTokenCount;
  }

  get initial(): unknown {
    return this.#automaton.initial;
  }

  /** The state after a token; undefined when it does not fit. */
  after(state: unknown, id: number): unknown {
    let after = state;
    for (const byte of this.#vocabulary.bytes[id] ?? [])
      if (after !== undefined) after = this.#automaton.step(after, byte);
    return after;
  }

  point(state: unknown): GrammarPoint {
    const key = this.#automaton.key(state);
    let point = this.#points.get(key);
    if (point === undefined) {
      const complete = this.#automaton.accepting(state);
      point = {
        at: this.#automaton.describe?.(state) ?? '#',
        allowed: countBits(this.#masks(state)) + (complete ? this.#eosTokenCount : 0),
        complete,
        characters: characterRanges(this.#next(state)),
        forced: this.#forced(state),
      };
      this.#points.set(key, point);
    }
    return point;
  }

  #next(state: unknown): number[] {
    return Array.from({ length: 256 }, (_, byte) => byte).filter(
      (byte) => this.#automaton.step(state, byte) !== undefined,
    );
  }

  #forced(from: unknown): string {
    const bytes: number[] = [];
    for (let state = from; bytes.length < forcedLimit && !this.#automaton.accepting(state); ) {
      const [only, ...others] = this.#next(state);
      if (only === undefined || others.length > 0) break;
      bytes.push(only);
      state = this.#automaton.step(state, only);
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }
}

function countBits(words: Uint32Array): number {
  let count = 0;
  for (let word of words) for (; word !== 0; word &= word - 1) count++;
  return count;
}

/** Makes the grammars of the settings for one model. A grammar is made again when its text changes. */
export class GrammarBuilder {
  readonly #session: Session;
  #vocabulary: Vocabulary | undefined;
  #key: string | undefined;
  #grammar: Grammar | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * The grammar of the settings; undefined while it is off.
   *
   * @throws what is wrong with its text.
   */
  build(settings: GrammarSettings): Grammar | undefined {
    if (!settings.on) return undefined;
    const key = JSON.stringify(settings);
    if (key !== this.#key) {
      this.#grammar = undefined;
      this.#key = key;
      const { model, tokenizer } = this.#session.loaded;
      const automaton = automatonOf(settings);
      this.#vocabulary ??= tokenizerVocabulary(tokenizer);
      this.#grammar = new Grammar(automaton, this.#vocabulary, model.defaults.eosTokenIds?.length ?? 0);
    }
    if (this.#grammar === undefined) automatonOf(settings);
    return this.#grammar;
  }

  report(settings: GrammarSettings): GrammarReport | undefined {
    try {
      const grammar = this.build(settings);
      return grammar && { first: grammar.point(grammar.initial) };
    } catch (error) {
      return { problem: grammarFailure(error, settings.text) };
    }
  }
}

function automatonOf({ kind, text, whitespace }: GrammarSettings): Automaton {
  if (kind === 'regex') return regularExpression(text);
  if (kind === 'gbnf') return gbnf(text);
  return jsonSchema(JSON.parse(text), { whitespaceFlexible: whitespace });
}

/** An error in a grammar, with its place in the text. */
function grammarFailure(error: unknown, text: string): Failure {
  const failure = failureOf(error);
  if (error instanceof UnsupportedSchemaError || error instanceof UnsatisfiableSchemaError) {
    const { pointer } = error;
    return { ...failure, message: error.message.replace(`${pointer}: `, ''), pointer };
  }
  // V8 says where JSON is broken in the text of the error only.
  const position =
    error instanceof GrammarSyntaxError ? error.position : Number(/at position (\d+)/.exec(failure.message)?.[1]);
  if (!Number.isInteger(position)) return failure;
  const before = text.slice(0, position).split('\n');
  return { ...failure, line: before.length, column: before.at(-1)!.length + 1 };
}
