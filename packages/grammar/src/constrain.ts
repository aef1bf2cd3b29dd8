import { defineSampler, type History, type Json, type MaskSampler, type RowStep } from '@tokenwright/core';
import type { OptionsOf } from '@tokenwright/core/options';
import type { SamplerFactory } from '@tokenwright/core/sampling';
import { GrammarDeadEndError } from './errors.ts';
import { automatonOption, vocabularyOption } from './grammar-options.ts';
import type { Automaton } from './machine/automaton.ts';
import { tokenMasks } from './vocabulary/automaton-mask.ts';
import type { Vocabulary } from './vocabulary/vocabulary.ts';

const options = { automaton: automatonOption, vocabulary: vocabularyOption };

export type ConstrainOptions = OptionsOf<typeof options>;

/** States that are kept for the histories that refer to them. */
const keptStates = 4096;

/**
 * Keep the tokens with which the reply can still become a text of an automaton. An end token stays exactly when the reply
 * is complete. So a reply that ends with an end token is a text of the automaton; one that a limit cuts off is the
 * beginning of one.
 *
 * Tokens are bytes here: a token that holds a part of a character stays where its bytes fit. A control token has no bytes
 * and never stays; one that another stage forces adds nothing to the text.
 *
 * The sampler has no state: where a text is belongs to its history, so forks, beams, rewinds, speculation and snapshots
 * continue from the right place. In another process the place is found again from the tokens.
 *
 * @throws GrammarDeadEndError when no token of the vocabulary fits.
 * @example
 * ```ts
 * const sampler = constrain({ automaton: jsonSchema(schema), vocabulary: tokenizerVocabulary(tokenizer) });
 * ```
 */
export const constrain: SamplerFactory<typeof options, Omit<MaskSampler, 'name'>> = defineSampler({
  name: 'constrain',
  summary: 'Make the reply a text of a grammar',
  source: 'Willard and Louf 2023, arXiv:2307.09702',
  kind: 'constraint',
  options,
  create({ automaton, vocabulary }) {
    const masks = tokenMasks(automaton, vocabulary);
    const places = new Places(automaton, vocabulary);
    return {
      traits: { narrows: true, stateful: true },
      mask(step) {
        const place = places.of(step);
        const result = new Uint32Array(Math.ceil(step.vocabSize / 32));
        const { state } = place;
        // After a token that does not fit, nothing fits.
        if (state === undefined) return result;
        result.set(masks(state).subarray(0, result.length));
        clearBeyond(result, step.vocabSize);
        const complete = automaton.accepting(state);
        for (const id of step.eosTokenIds) {
          if (id >= step.vocabSize) continue;
          if (complete) result[id >>> 5]! |= 1 << (id & 31);
          else result[id >>> 5]! &= ~(1 << (id & 31));
        }
        if (result.every((word) => word === 0)) throw deadEnd(automaton, vocabulary, state, step, place.from);
        return result;
      },
    };
  },
});

function clearBeyond(bits: Uint32Array, size: number): void {
  if (size % 32 !== 0) bits[bits.length - 1]! &= 2 ** (size % 32) - 1;
}

interface Place {
  readonly state: unknown;
  /** Number of tokens before the text of the grammar. */
  readonly from: number;
}

/** What a history remembers: whose states they are, the number of one, the tokens read then, and where the text begins. */
type Remembered = readonly [owner: string, state: number, length: number, from: number];

/** Finds the state of a history. */
class Places {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  readonly #owner: string = crypto.randomUUID();
  readonly #states: Map<number, unknown> = new Map();
  readonly #numbers: Map<string, number> = new Map();
  #next = 0;

  constructor(automaton: Automaton, vocabulary: Vocabulary) {
    this.#automaton = automaton;
    this.#vocabulary = vocabulary;
  }

  of({ history, promptLength, state: memory }: RowStep): Place {
    const remembered = memory.get<Json>() as Remembered | undefined;
    const from = remembered?.[3] ?? promptLength;
    let state: unknown;
    let length = from;
    if (remembered !== undefined && remembered[0] === this.#owner && this.#states.has(remembered[1])) {
      state = this.#states.get(remembered[1]);
      length = remembered[2];
    } else state = this.#automaton.initial;
    state = this.#read(state, history, length);
    memory.set([this.#owner, this.#number(state), history.length, from]);
    return { state, from };
  }

  #read(from: unknown, history: History, length: number): unknown {
    let state: unknown = from;
    for (const id of history.tokens.subarray(length)) {
      // A control token that another stage forced, such as the first one of a translator, adds nothing to the text.
      for (const byte of this.#vocabulary.bytes[id] ?? []) {
        if (state === undefined) return undefined;
        state = this.#automaton.step(state, byte);
      }
    }
    return state;
  }

  /** The number of a state. The states that were asked for last are kept. */
  #number(state: unknown): number {
    const key = state === undefined ? 'none' : this.#automaton.key(state);
    const number = this.#numbers.get(key) ?? this.#next++;
    this.#numbers.delete(key);
    this.#numbers.set(key, number);
    this.#states.set(number, state);
    if (this.#numbers.size > keptStates) {
      const [oldest, dropped] = this.#numbers.entries().next().value!;
      this.#numbers.delete(oldest);
      this.#states.delete(dropped);
    }
    return number;
  }
}

function deadEnd(
  automaton: Automaton,
  vocabulary: Vocabulary,
  state: unknown,
  { history, eosTokenIds }: RowStep,
  from: number,
): GrammarDeadEndError {
  const bytes = Array.from(history.tokens.subarray(from)).flatMap((id) => Array.from(vocabulary.bytes[id] ?? []));
  const text = new TextDecoder().decode(Uint8Array.from(bytes));
  const allowed: string[] = [];
  for (let byte = 0; byte < 256; byte++) if (automaton.step(state, byte) !== undefined) allowed.push(nameOfByte(byte));
  if (automaton.accepting(state)) allowed.push('the end');
  const problem =
    automaton.accepting(state) && eosTokenIds.length === 0
      ? 'The text is complete and the run has no end token'
      : 'No token of the vocabulary continues the text';
  return new GrammarDeadEndError(automaton.describe?.(state) ?? '#', text, allowed.join(' ') || 'nothing', problem);
}

function nameOfByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, '0')}`;
}
