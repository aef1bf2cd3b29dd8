import {
  type ChatTemplate,
  continuation,
  type EndEvent,
  type GenerateOptions,
  generate,
  type KVCache,
  type LanguageModel,
  ParameterError,
  type StreamEvent,
  type Tokenizer,
} from '@tokenwright/core';
import type { ChatMessage, ChatOptions } from './chat-message.ts';
import { applyChatTemplate } from './chat-template.ts';

/** What a chat needs: what `load` gives. */
export interface ChatParts {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
}

/** A text with the ids that it was fed or generated as. */
interface Told {
  readonly text: string;
  readonly ids: readonly number[];
}

/**
 * A chat with a model: its messages, and a cache of the keys and values of all that was said, so that a turn only feeds what is new.
 * What the model said is kept as the very tokens that it chose, whatever the tokenizer would make of their text.
 *
 * ```ts
 * const chat = new Chat(await load('org/name', { engine }));
 * for await (const event of chat.send('Hello!')) if (event.type === 'token') process.stdout.write(event.text ?? '');
 * chat.dispose();
 * ```
 *
 * When the context is full, the oldest exchanges are forgotten (`forgotten` counts them), but never the system message.
 */
export class Chat {
  readonly #model: LanguageModel;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate | undefined;
  readonly #options: ChatOptions;
  readonly #cache: KVCache;
  #messages: ChatMessage[] = [];
  #told: Told = { text: '', ids: [] };
  #forgotten = 0;
  #promptLength = 0;
  #busy = false;

  /**
   * @param options of the template, for every turn.
   * @throws ParameterError when there is no tokenizer, ChatTemplateError when there is no template.
   */
  constructor({ model, tokenizer, chatTemplate }: ChatParts, options: Omit<ChatOptions, 'addGenerationPrompt'> = {}) {
    if (tokenizer === undefined) throw new ParameterError('Chat', 'tokenizer', 'a tokenizer', tokenizer);
    if (chatTemplate === undefined) applyChatTemplate(chatTemplate, []);
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#template = chatTemplate;
    this.#options = options;
    this.#cache = model.createCache();
  }

  /** All messages, the system's first if there is one. They may be replaced, by those of a stored chat for instance. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  set messages(messages: readonly ChatMessage[]) {
    this.#messages = [...messages];
  }

  /** What the model is told before everything else; undefined for nothing. */
  get system(): string | undefined {
    const [first] = this.#messages;
    return first?.role === 'system' && typeof first.content === 'string' ? first.content : undefined;
  }

  set system(content: string | undefined) {
    const others = this.#messages.filter(({ role }, at) => at > 0 || role !== 'system');
    this.#messages = content === undefined ? others : [{ role: 'system', content }, ...others];
  }

  /** Exchanges that were forgotten because the context was full. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Tokens of the last prompt: everything that was said before the answer. */
  get promptLength(): number {
    return this.#promptLength;
  }

  /** Keys and values of what was said, and the tokens. */
  get cache(): KVCache {
    return this.#cache;
  }

  /**
   * Say something, and stream the answer: the events of `generate`. An answer that is stopped, by a signal or by leaving the loop, is
   * kept as far as it came. After an error the chat is as it was before.
   *
   * @param options of `generate`; the cache is the chat's.
   * @throws ChatTemplateError, ContextLengthError when this message alone is too long, what `generate` throws.
   */
  async *send(
    content: string,
    options: Omit<GenerateOptions, 'cache'> = {},
  ): AsyncGenerator<StreamEvent, void, undefined> {
    if (this.#busy) throw new ParameterError('Chat.send', 'content', 'given after the last answer has ended', content);
    this.#busy = true;
    const before = this.#messages;
    const forgotten = this.#forgotten;
    this.#messages = [...before, { role: 'user', content }];
    let answer = '';
    let ids: number[] = [];
    let end: EndEvent | undefined;
    let prompt: Told | undefined;
    try {
      prompt = this.#prompt();
      this.#promptLength = prompt.ids.length;
      const all = { ...options, tokenizer: this.#tokenizer, cache: this.#cache };
      for await (const event of generate(this.#model, prompt.ids, all)) {
        if (event.type === 'token') {
          answer += event.text ?? '';
          ids.push(event.id);
        } else if (event.type === 'end') {
          end = event;
          answer = event.text ?? answer;
          ids = event.ids.slice(0, typeof event.stopReason === 'number' ? -1 : undefined);
        }
        yield event;
      }
    } finally {
      this.#busy = false;
      if (end === undefined && answer === '') {
        this.#messages = before;
        this.#forgotten = forgotten;
      } else {
        this.#messages = [...this.#messages, { role: 'assistant', content: answer }];
        if (prompt !== undefined) this.#remember(prompt, answer, ids);
      }
    }
  }

  /** Take back the last message of the user and what came after it; returns its text, or undefined when there is none. */
  undo(): string | undefined {
    const at = this.#messages.findLastIndex(({ role }) => role === 'user');
    if (at < 0) return undefined;
    const { content } = this.#messages[at]!;
    this.#messages = this.#messages.slice(0, at);
    return typeof content === 'string' ? content : '';
  }

  /** Forget everything but the system message. */
  reset(): void {
    const { system } = this;
    this.#messages = [];
    this.#forgotten = 0;
    if (system !== undefined) this.system = system;
  }

  /** Release the cache. The model stays. */
  dispose(): void {
    this.#cache.dispose();
  }

  /** The chat as text and ids; when that leaves less than a quarter of the context for the answer, without its oldest exchanges. */
  #prompt(): Told {
    for (;;) {
      const told = this.#encode();
      const second = this.#messages.findIndex(({ role }, at) => role === 'user' && at > this.#firstUser());
      if (told.ids.length <= this.#model.contextLength * (3 / 4) || second < 0) return told;
      this.#messages = [...this.#messages.slice(0, this.#firstUser()), ...this.#messages.slice(second)];
      this.#forgotten++;
    }
  }

  #firstUser(): number {
    return this.#messages.findIndex(({ role }) => role === 'user');
  }

  #encode(): Told {
    const text = applyChatTemplate(this.#template, this.#messages, this.#options);
    const encode = (part: string): number[] => this.#tokenizer.encode(part, { addSpecialTokens: false });
    const ids = encode(text);
    if (this.#told.ids.length === 0 || !text.startsWith(this.#told.text)) return { text, ids };
    // The tokens that were said, if the rest is the same tokens alone as in the whole.
    const rest = encode(text.slice(this.#told.text.length));
    const fits = rest.length <= ids.length && rest.every((id, at) => id === ids[ids.length - rest.length + at]);
    return { text, ids: fits ? [...this.#told.ids, ...rest] : ids };
  }

  #remember(prompt: Told, answer: string, ids: readonly number[]): void {
    // A stop text was cut off the answer, but not off the tokens.
    const same = continuation(this.#tokenizer, prompt.ids, ids) === answer;
    this.#told = same ? { text: prompt.text + answer, ids: [...prompt.ids, ...ids] } : prompt;
  }
}
