import { continuation, type KVCache, type LanguageModel, type Tokenizer } from '@tokenwright/core';

/**
 * The cache of a conversation, with the text that is in it. What the model said stays as the tokens that it chose, whatever the
 * tokenizer would make of their text: so the next turn finds them in the cache.
 */
export class ChatMemory {
  readonly cache: KVCache;
  readonly #tokenizer: Tokenizer;
  #text = '';
  #ids: readonly number[] = [];

  constructor(model: LanguageModel, tokenizer: Tokenizer) {
    this.cache = model.createCache();
    this.#tokenizer = tokenizer;
  }

  /**
   * The ids of a rendered chat.
   *
   * @param encode turns a part of it into ids.
   */
  encode(text: string, encode: (part: string) => number[]): readonly number[] {
    const ids = encode(text);
    if (this.#ids.length === 0 || !text.startsWith(this.#text)) return ids;
    const rest = encode(text.slice(this.#text.length));
    // Only when the rest is encoded alone as it is in the whole.
    const fits = rest.length <= ids.length && rest.every((id, at) => id === ids[ids.length - rest.length + at]);
    return fits ? [...this.#ids, ...rest] : ids;
  }

  /** @param ids the new tokens, without an end token. */
  remember(prompt: string, promptIds: readonly number[], answer: string, ids: readonly number[]): void {
    // A stop string is cut off the answer, but not off the tokens.
    const same = continuation(this.#tokenizer, promptIds, ids) === answer;
    this.#text = same ? prompt + answer : prompt;
    this.#ids = same ? [...promptIds, ...ids] : promptIds;
  }

  dispose(): void {
    this.cache.dispose();
  }
}

/** The memory of the last conversation. Conversations at the same time have one each, and the last to end is kept. */
export class ChatMemories {
  readonly #model: LanguageModel;
  readonly #tokenizer: Tokenizer;
  #idle: ChatMemory | undefined;

  constructor(model: LanguageModel, tokenizer: Tokenizer) {
    this.#model = model;
    this.#tokenizer = tokenizer;
  }

  /** The idle memory, or a new one. Give it back. */
  take(): ChatMemory {
    const memory = this.#idle ?? new ChatMemory(this.#model, this.#tokenizer);
    this.#idle = undefined;
    return memory;
  }

  giveBack(memory: ChatMemory): void {
    this.#idle?.dispose();
    this.#idle = memory;
  }

  dispose(): void {
    this.#idle?.dispose();
    this.#idle = undefined;
  }
}
