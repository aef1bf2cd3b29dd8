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
import { checkList, checkModel, checkString, checkTokenizer, isObject, readOptions } from '@tokenwright/core/options';
import { generateOptions } from '@tokenwright/core/strategy';
import type { ChatMessage, ChatOptions, EncodeChatOptions } from './chat-message.ts';
import { applyChatTemplate } from './chat-template.ts';
import { checkChatOptions, checkParts, checkTemplate } from './check-chat.ts';
import { messagesFor } from './literal-content.ts';

/** The parts of a loaded model that a chat needs: the result of `load` has them all. */
export interface ChatParts {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Undefined for a model without a template, which is an error. */
  readonly chatTemplate: ChatTemplate | undefined;
}

/** A prompt, with the ids that it was fed or generated as. */
interface Prompt {
  readonly text: string;
  readonly ids: readonly number[];
}

/** Options of the template for every turn. The generation prompt is always added. */
type TurnOptions = Omit<EncodeChatOptions, 'addGenerationPrompt' | 'continueFinalMessage'>;

/** Names of the options of `send`. */
const sendOptions = Object.keys(generateOptions).filter((name) => name !== 'cache');

/** The share of the context that a prompt may take; the rest is for the answer. */
const promptShare = 3 / 4;
/** More characters than tokens have on average, to guess where a search begins. */
const charactersPerToken = 16;
/** Messages of these roles at the start stay in every prompt. */
const headRoles: readonly string[] = ['system', 'developer'];

/**
 * A conversation with a model: its messages, and a cache with the keys and values of the last prompt and answer, so that a turn feeds
 * only what is new. Answers are kept as the tokens that the model chose, not as a second tokenization of their text.
 *
 * `messages` holds the whole conversation. When it outgrows the context, the oldest exchanges are left out of the prompt, never the
 * system message; `forgotten` counts them. What the assistant says before the first message of the user is an exchange too.
 *
 * @example
 * ```ts
 * using chat = new Chat(await load('HuggingFaceTB/SmolLM2-135M-Instruct', { engine }));
 * for await (const event of chat.send('Hello!')) if (event.type === 'token') process.stdout.write(event.text ?? '');
 * ```
 */
export class Chat implements Disposable {
  readonly #model: LanguageModel;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate | undefined;
  readonly #options: ChatOptions;
  readonly #literalContent: boolean;
  readonly #cache: KVCache;
  #messages: readonly ChatMessage[] = [];
  /** The last prompt with its answer, as far as both are in the cache or can be found there. */
  #fed: Prompt = { text: '', ids: [] };
  #forgotten = 0;
  /** Fewer exchanges than these cannot be left out: the prompt did not fit, and the messages have only grown since. */
  #leastForgotten = 0;
  #promptLength = 0;
  #busy = false;

  /**
   * @param parts the result of `load`, or its model, tokenizer and chat template.
   * @param options of the template, for every turn.
   * @throws ChatTemplateError when the model has no template; ParameterError when there is no tokenizer; UnknownOptionError.
   */
  constructor(parts: ChatParts, options: TurnOptions = {}) {
    const given = checkParts('Chat', parts, ['model', 'tokenizer', 'chatTemplate']);
    const model = given.model as LanguageModel;
    checkModel('Chat', model);
    const tokenizer = checkTokenizer('Chat', given.tokenizer);
    if (given.chatTemplate === undefined) applyChatTemplate(undefined, []);
    const chatTemplate = checkTemplate('Chat', given.chatTemplate, 'chatTemplate');
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#template = chatTemplate;
    const withoutEnd = ['addGenerationPrompt', 'continueFinalMessage'] as const;
    const { literalContent = false, ...others } = checkChatOptions('Chat', options, withoutEnd);
    this.#options = others;
    this.#literalContent = literalContent;
    this.#cache = model.createCache();
  }

  /**
   * The whole conversation, with the system message first if there is one; also the messages that no longer fit the context. It may
   * be replaced, for instance by a stored conversation.
   */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  set messages(messages: readonly ChatMessage[]) {
    this.#messages = checkList<ChatMessage>('Chat', 'messages', messages, 'a list of messages', {
      item(message, at) {
        if (isObject(message) && typeof message.role === 'string') return message as ChatMessage;
        throw new ParameterError('Chat', `messages[${at}]`, 'an object with a role and a content', message);
      },
    });
    this.#forgotten = 0;
    this.#leastForgotten = 0;
  }

  /** The system message: what the model reads before everything else. Undefined for none. */
  get system(): string | undefined {
    const [first] = this.#messages;
    return first?.role === 'system' && typeof first.content === 'string' ? first.content : undefined;
  }

  set system(content: string | undefined) {
    if (content !== undefined) checkString('Chat', 'system', content, 'a string, or undefined for none');
    const others = this.#messages[0]?.role === 'system' ? this.#messages.slice(1) : this.#messages;
    this.#messages = content === undefined ? others : [{ role: 'system', content }, ...others];
    this.#leastForgotten = 0;
  }

  /**
   * How many of the oldest exchanges the last prompt left out because the context was full. An exchange is a message of the user
   * with everything up to the next one, or what comes before the first.
   */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Tokens of the last prompt: everything that the model read before its answer. */
  get promptLength(): number {
    return this.#promptLength;
  }

  /** The keys and values of the last prompt and answer, and their tokens. */
  get cache(): KVCache {
    return this.#cache;
  }

  /**
   * Send a message of the user, and stream the answer as the events of `generate`. An answer that is stopped, by a signal or by
   * leaving the loop, is kept as far as it was generated. After an error the chat is as it was before.
   *
   * @param options of `generate`; the cache is the chat's own.
   * @throws ChatTemplateError; ContextLengthError when this message alone is too long; what `generate` throws.
   */
  async *send(
    content: string,
    options: Omit<GenerateOptions, 'cache'> = {},
  ): AsyncGenerator<StreamEvent, void, undefined> {
    if (this.#busy) throw new ParameterError('Chat.send', 'content', 'sent after the last answer has ended', content);
    if (typeof content !== 'string') throw new ParameterError('Chat.send', 'content', 'a string', content);
    const given = readOptions('Chat.send', options, sendOptions);
    this.#busy = true;
    const before = { messages: this.#messages, forgotten: this.#forgotten, leastForgotten: this.#leastForgotten };
    this.#messages = [...before.messages, { role: 'user', content }];
    let answer = '';
    let ids: number[] = [];
    let end: EndEvent | undefined;
    let prompt: Prompt | undefined;
    try {
      prompt = this.#prompt();
      this.#promptLength = prompt.ids.length;
      const all = { ...given, tokenizer: this.#tokenizer, cache: this.#cache };
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
        this.#messages = before.messages;
        this.#forgotten = before.forgotten;
        this.#leastForgotten = before.leastForgotten;
      } else {
        this.#messages = [...this.#messages, { role: 'assistant', content: answer }];
        if (prompt !== undefined) this.#remember(prompt, answer, ids);
      }
    }
  }

  /** Take back the last message of the user and everything after it. Returns its text, or undefined when there is none. */
  undo(): string | undefined {
    const at = this.#messages.findLastIndex(({ role }) => role === 'user');
    if (at < 0) return undefined;
    const { content } = this.#messages[at]!;
    this.#messages = this.#messages.slice(0, at);
    this.#leastForgotten = 0;
    return typeof content === 'string' ? content : '';
  }

  /** Remove every message but the system message. */
  reset(): void {
    const { system } = this;
    this.messages = system === undefined ? [] : [{ role: 'system', content: system }];
  }

  /** Release the cache. The model stays. A second call does nothing. */
  dispose(): void {
    this.#cache.dispose();
  }

  /** The same as `dispose`, for `using` and `await using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * The prompt with as many exchanges as leave a quarter of the context for the answer, and at least the last one. The number to
   * leave out is searched by doubling and halving around a guess from the lengths of the texts: so a stored conversation of any
   * length costs a few prompts of about the context's size.
   */
  #prompt(): Prompt {
    const messages = this.#messages;
    const head = messages.findIndex(({ role }) => !headRoles.includes(role));
    const starts = [...messages.keys()].filter((at) => at === head || (at > head && messages[at]!.role === 'user'));
    const most = starts.length - 1;
    const least = Math.min(this.#leastForgotten, most);
    const limit = this.#model.contextLength * promptShare;
    const without = (count: number): Prompt =>
      this.#encode([...messages.slice(0, head), ...messages.slice(starts[count])]);

    let count = Math.max(least, firstBelow(limit * charactersPerToken, messages, starts));
    let prompt = without(count);
    let tooFew = least - 1;
    if (prompt.ids.length > limit)
      for (let step = 1; prompt.ids.length > limit && count < most; step *= 2) {
        tooFew = count;
        count = Math.min(count + step, most);
        prompt = without(count);
      }
    else
      for (let step = 1; count > least; step *= 2) {
        const fewer = Math.max(count - step, least);
        const longer = without(fewer);
        if (longer.ids.length > limit) {
          tooFew = fewer;
          break;
        }
        count = fewer;
        prompt = longer;
      }
    while (count - tooFew > 1) {
      const middle = Math.floor((tooFew + count) / 2);
      const longer = without(middle);
      if (longer.ids.length > limit) tooFew = middle;
      else {
        count = middle;
        prompt = longer;
      }
    }
    this.#forgotten = count;
    this.#leastForgotten = count;
    return prompt;
  }

  #encode(messages: readonly ChatMessage[]): Prompt {
    const { messages: rendered, encode } = messagesFor(this.#tokenizer, messages, this.#literalContent);
    const text = applyChatTemplate(this.#template, rendered, this.#options);
    const ids = encode(text);
    if (this.#fed.ids.length === 0 || !text.startsWith(this.#fed.text)) return { text, ids };
    // The tokens that were fed, if the rest has the same tokens alone as at the end of the whole text.
    const rest = encode(text.slice(this.#fed.text.length));
    const fits = rest.length <= ids.length && rest.every((id, at) => id === ids[ids.length - rest.length + at]);
    return { text, ids: fits ? [...this.#fed.ids, ...rest] : ids };
  }

  #remember(prompt: Prompt, answer: string, ids: readonly number[]): void {
    // A stop string was cut off the answer, but not off the tokens.
    const same = continuation(this.#tokenizer, prompt.ids, ids) === answer;
    this.#fed = same ? { text: prompt.text + answer, ids: [...prompt.ids, ...ids] } : prompt;
  }
}

/** How many exchanges to leave out so that the texts of the others have at most `limit` characters; all but the last at most. */
function firstBelow(limit: number, messages: readonly ChatMessage[], starts: readonly number[]): number {
  let length = 0;
  for (let exchange = starts.length - 1; exchange >= 0; exchange--) {
    for (const { content } of messages.slice(starts[exchange], starts[exchange + 1]))
      length += typeof content === 'string' ? content.length : 0;
    if (length > limit) return Math.min(exchange + 1, starts.length - 1);
  }
  return 0;
}
