import { CacheError } from '../../errors.ts';
import type { LanguageModel } from '../../model/language-model.ts';
import { maxSequence } from '../../sampling/random.ts';
import type { RunStateSnapshot } from '../../sampling/run-state.ts';
import { readSavedBytes, type SavedFormat, savedBytes } from '../../saved-bytes.ts';
import type { TextStreamState } from '../../text/text-stream.ts';

/** The header of a serialized state. */
export interface StateHeader {
  readonly fingerprint: string;
  readonly tokenizer: string | null;
  readonly seed: number;
  readonly sequence: number;
  readonly promptLength: number;
  readonly tokens: readonly number[];
  readonly memories: readonly (readonly [chain: string, snapshot: RunStateSnapshot])[];
  readonly text: { readonly stream: TextStreamState; readonly held: string; readonly hidden: string } | null;
}

const format: SavedFormat = { content: 'state', letters: 'TWST', version: 2 };

/** The body is the serialized cache. */
export function writeState(header: StateHeader, cache: Uint8Array): Uint8Array {
  const { bytes, body } = savedBytes(format, header, cache.length);
  body.set(cache);
  return bytes;
}

/** @throws CacheError when the bytes are truncated, of another version or model, or for a part of the header that is wrong, by its name. */
export function readState(
  bytes: Uint8Array,
  model: Pick<LanguageModel, 'fingerprint' | 'vocabSize'>,
): { header: StateHeader; cache: Uint8Array } {
  const { header, body } = readSavedBytes(format, bytes);
  return { header: checkHeader(header, model), cache: body };
}

function checkHeader(
  given: Readonly<Record<string, unknown>>,
  { fingerprint, vocabSize }: Pick<LanguageModel, 'fingerprint' | 'vocabSize'>,
): StateHeader {
  const isId = (value: unknown): boolean => isCount(value) && (value as number) < vocabSize;
  const { tokens, promptLength, text } = given;
  if (given.fingerprint !== fingerprint)
    throw new CacheError(
      `The state is of another model: ${typeof given.fingerprint === 'string' ? given.fingerprint : 'no text'}, but the model's is ${fingerprint}.`,
    );
  const check = (field: keyof StateHeader, holds: boolean, expected: string): void => {
    if (!holds) throw new CacheError(`The header of the serialized state: ${field} must be ${expected}.`);
  };
  check('tokens', Array.isArray(tokens) && tokens.length > 0 && tokens.every(isId), 'ids of the model');
  check('tokenizer', given.tokenizer === null || typeof given.tokenizer === 'string', 'a text or null');
  check('seed', isCount(given.seed), 'a non-negative integer');
  check('sequence', isCount(given.sequence) && (given.sequence as number) <= maxSequence, `from 0 to ${maxSequence}`);
  check(
    'promptLength',
    isCount(promptLength) && (promptLength as number) <= (tokens as unknown[]).length,
    'at most the number of tokens',
  );
  check('memories', Array.isArray(given.memories) && given.memories.every(isMemory), 'chains with what they remember');
  check('text', text === null || isText(text, isId), 'null, or a text stream with what it holds back');
  return given as unknown as StateHeader;
}

function isText(text: unknown, isId: (value: unknown) => boolean): boolean {
  if (!isObject(text) || typeof text.held !== 'string' || !isObject(text.stream)) return false;
  if (typeof text.hidden !== 'string' || text.hidden.length !== text.held.length) return false;
  const { window, said, fresh, given, skipSpecialTokens } = text.stream;
  return (
    Array.isArray(window) &&
    window.every(isId) &&
    typeof said === 'string' &&
    isCount(fresh) &&
    (fresh as number) <= window.length &&
    isCount(given) &&
    typeof skipSpecialTokens === 'boolean'
  );
}

function isMemory(memory: unknown): boolean {
  if (!Array.isArray(memory) || memory.length !== 2 || typeof memory[0] !== 'string' || !isObject(memory[1]))
    return false;
  const { values, sampled } = memory[1];
  const pairs = (list: unknown, holds: (value: unknown) => boolean): boolean =>
    Array.isArray(list) &&
    list.every((pair) => Array.isArray(pair) && pair.length === 2 && isCount(pair[0]) && holds(pair[1]));
  return pairs(values, () => true) && pairs(sampled, isObject);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
