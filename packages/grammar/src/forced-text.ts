import type { History, Tokenizer } from '@tokenwright/core';
import { checkInteger, checkOption, checkTokenizer, readOptions } from '@tokenwright/core/options';
import { automatonOption, vocabularyOption } from './grammar-options.ts';
import { HistoryStates } from './history-states.ts';
import type { Automaton } from './machine/automaton.ts';
import type { Vocabulary } from './vocabulary/vocabulary.ts';

export interface ForcedTextOptions {
  /** The automaton of the run's `constrain`. */
  readonly automaton: Automaton;
  readonly vocabulary: Vocabulary;
  /** Splits the forced text as the model is used to. */
  readonly tokenizer: Tokenizer;
  /** Maximum number of tokens that are proposed at a time. Default: that of the strategy. */
  readonly numAssistantTokens?: number;
}

/** What `speculative({ draft })` of `@tokenwright/strategies` takes as a drafter. */
export interface ForcedTextDrafter {
  readonly name: string;
  readonly numAssistantTokens?: number;
  open(run: { readonly promptLengths: readonly number[] }): ForcedTextDrafting;
}

interface DraftedRow {
  readonly promptIndex: number;
  readonly history: History;
}

interface ForcedTextDrafting {
  propose(
    rows: readonly DraftedRow[],
    lengths: readonly number[],
  ): Promise<readonly (readonly { readonly id: number }[])[]>;
  gather(rows: readonly number[]): void;
  dispose(): void;
}

/** Forced bytes that are looked for at a time. */
const byteLimit = 256;

/**
 * A drafter that needs no model: where the automaton has one way to continue, that text is proposed, such as the name of the
 * next required property. The target still verifies each token, so the result has the same distribution as without.
 *
 * It proposes little where white space is flexible: then there are always two ways to continue.
 *
 * @example
 * ```ts
 * const automaton = jsonSchema(schema, { whitespaceFlexible: false });
 * const strategy = speculative({ draft: forcedText({ automaton, vocabulary, tokenizer }) });
 * ```
 */
export function forcedText(options: ForcedTextOptions): ForcedTextDrafter {
  const owner = 'forcedText';
  const given = readOptions(owner, options, ['automaton', 'vocabulary', 'tokenizer', 'numAssistantTokens']);
  const automaton = checkOption(owner, 'automaton', automatonOption, given.automaton);
  const vocabulary = checkOption(owner, 'vocabulary', vocabularyOption, given.vocabulary);
  const tokenizer = checkTokenizer(owner, given.tokenizer);
  const { numAssistantTokens } = given;
  if (numAssistantTokens !== undefined) checkInteger(owner, 'numAssistantTokens', numAssistantTokens, 1);
  return {
    name: 'forced-text',
    ...(numAssistantTokens === undefined ? {} : { numAssistantTokens }),
    open: ({ promptLengths }) => {
      const states = new HistoryStates(automaton, vocabulary);
      return {
        propose: async (rows, lengths) =>
          rows.map(({ history, promptIndex }, row) => {
            const state = states.after(history, promptLengths[promptIndex]!);
            const forced = state === undefined ? [] : forcedBytes(automaton, state);
            return tokensOf(Uint8Array.from(forced), vocabulary, tokenizer)
              .slice(0, lengths[row])
              .map((id) => ({ id }));
          }),
        gather: () => {},
        dispose: () => {},
      };
    },
  };
}

/** The bytes that must follow. */
function forcedBytes(automaton: Automaton, from: unknown): number[] {
  const bytes: number[] = [];
  for (let state = from; bytes.length < byteLimit && !automaton.accepting(state); ) {
    let only = -1;
    let after: unknown;
    for (let byte = 0; byte < 256; byte++) {
      const next = automaton.step(state, byte);
      if (next === undefined) continue;
      if (only >= 0) return bytes;
      only = byte;
      after = next;
    }
    if (only < 0) return bytes;
    bytes.push(only);
    state = after;
  }
  return bytes;
}

/** The tokens of some bytes, as far as the tokenizer gives exactly these bytes. */
function tokensOf(bytes: Uint8Array, vocabulary: Vocabulary, tokenizer: Tokenizer): number[] {
  if (bytes.length === 0) return [];
  const ids: number[] = [];
  let at = 0;
  for (const id of tokenizer.encode(new TextDecoder().decode(bytes), { addSpecialTokens: false })) {
    const own = vocabulary.bytes[id];
    if (own === undefined || own.length === 0 || own.some((byte, i) => bytes[at + i] !== byte)) break;
    ids.push(id);
    at += own.length;
  }
  return ids;
}
