import { AnsweredPrompts } from '@tokenwright/chat';
import type { KVCache, LanguageModel } from '@tokenwright/core';

/** The cache of a conversation, and the prompts whose tokens are in it. */
export class ChatMemory {
  readonly cache: KVCache;
  readonly prompts: AnsweredPrompts = new AnsweredPrompts();

  constructor(model: LanguageModel) {
    this.cache = model.createCache();
  }

  dispose(): void {
    this.cache.dispose();
  }
}

/** The memory of the last conversation. Conversations at the same time have one each, and the last to end is kept. */
export class ChatMemories {
  readonly #model: LanguageModel;
  #idle: ChatMemory | undefined;

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /** The idle memory, or a new one. Give it back. */
  take(): ChatMemory {
    const memory = this.#idle ?? new ChatMemory(this.#model);
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
