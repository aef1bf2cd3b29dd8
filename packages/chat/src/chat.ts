import {
  type ChatTemplate,
  type EndEvent,
  type GenerateOptions,
  type KVCache,
  type LanguageModel,
  ParameterError,
  type Tokenizer,
} from '@tokenwright/core';
import { checkList, checkModel, checkString, checkTokenizer, isObject, readOptions } from '@tokenwright/core/options';
import { generateOptions } from '@tokenwright/core/strategy';
import { AnsweredPrompts, type Prompt } from './answered-prompts.ts';
import type { ChatMessage, ChatOptions, EncodeChatOptions } from './chat-message.ts';
import { applyChatTemplate, planReply } from './chat-template.ts';
import { checkChatOptions, checkParts, checkTemplate } from './check-chat.ts';
import { messagesFor } from './literal-content.ts';
import type { ChatEvent, Reply } from './reply/reply.ts';
import { type ReplyOptions, replyOptionNames } from './reply/reply-options.ts';
import type { ReplyPlan } from './reply/reply-plan.ts';
import { type PendingCall, pendingCalls, type ToolResult, toolMessages } from './reply/tool-results.ts';

/** The parts of a loaded model that a chat needs: the result of `load` has them all. */
export interface ChatParts {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Undefined for a model without a template, which is an error. */
  readonly chatTemplate: ChatTemplate | undefined;
}

/** Options of the template for every turn, and the defaults of each reply. The generation prompt is always added. */
type TurnOptions = Omit<EncodeChatOptions, 'addGenerationPrompt' | 'continueFinalMessage'> & ReplyOptions;

/** Options of a turn: those of `generate` but for the cache, which is the chat's own, and those of the reply. */
export type SendOptions = Omit<GenerateOptions, 'cache'> & ReplyOptions;

/** Names of the options of `send`. */
const sendOptions = [...Object.keys(generateOptions).filter((name) => name !== 'cache'), ...replyOptionNames];

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
  readonly #replyOptions: ReplyOptions;
  readonly #literalContent: boolean;
  readonly #cache: KVCache;
  #messages: readonly ChatMessage[] = [];
  readonly #fed: AnsweredPrompts = new AnsweredPrompts();
  #forgotten = 0;
  /** Fewer exchanges than these cannot be left out: the prompt did not fit, and the messages have only grown since. */
  #leastForgotten = 0;
  #promptLength = 0;
  #busy = false;

  /**
   * @param parts the result of `load`, or its model, tokenizer and chat template.
   * @param options of the template, for every turn, and `tools`, `toolChoice`, `parallelToolCalls`, `toolFormat` and `reasoning`, which
   * `send` takes too.
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
    const { literalContent = false, ...others } = checkChatOptions('Chat', options, withoutEnd, replyOptionNames);
    const { tools, toolChoice, parallelToolCalls, toolFormat, reasoning, ...forTemplate } = others;
    this.#options = forTemplate;
    this.#replyOptions = { tools, toolChoice, parallelToolCalls, toolFormat, reasoning };
    this.#literalContent = literalContent;
    this.#plan('Chat', {});
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

  /** The calls of tools in the last message, which wait for their results. */
  get toolCalls(): readonly PendingCall[] {
    return pendingCalls('toolCalls', this.#messages.at(-1));
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
   * Send a message of the user, and stream the answer as the events of `generate`, with the reasoning, and the calls of tools when
   * there are any. An answer that is stopped, by a signal or by leaving the loop, is kept as far as it was generated. After an
   * error the chat is as it was before.
   *
   * @param options of `generate`; the cache is the chat's own. Those of the reply, such as `tools`, overrule the chat's.
   * @throws ChatTemplateError; ContextLengthError when this message alone is too long; ToolFormatError; ToolSchemaError; what
   * `generate` throws.
   */
  async *send(content: string, options: SendOptions = {}): AsyncGenerator<ChatEvent, void, undefined> {
    this.#checkIdle('Chat.send', 'content', content);
    if (typeof content !== 'string') throw new ParameterError('Chat.send', 'content', 'a string', content);
    yield* this.#answer('Chat.send', options, [...this.#messages, { role: 'user', content }]);
  }

  /**
   * Send the results of the tool calls in the last message, and stream the answer as `send` does.
   *
   * @param results one for each call, in any order with `toolCallId`, or in the order of the calls without.
   * @throws ParameterError for results that do not fit the calls; what `send` throws.
   * @example
   * ```ts
   * const results = chat.toolCalls.map((call) => ({ toolCallId: call.id, content: run(call) }));
   * for await (const event of chat.sendToolResults(results)) if (event.type === 'token') process.stdout.write(event.text ?? '');
   * ```
   */
  async *sendToolResults(
    results: readonly ToolResult[],
    options: SendOptions = {},
  ): AsyncGenerator<ChatEvent, void, undefined> {
    const owner = 'Chat.sendToolResults';
    this.#checkIdle(owner, 'results', results);
    yield* this.#answer(owner, options, [...this.#messages, ...toolMessages(owner, this.#messages.at(-1), results)]);
  }

  /**
   * Let the model continue the text of the last message, which is the assistant's: an answer that was stopped, or one that the
   * application began. Streams what is new; `messages` then has the whole text.
   *
   * @throws ParameterError when the last message is not a text of the assistant; ChatTemplateError when the template does not
   * write it as it is; what `send` throws.
   */
  async *continueFinalMessage(options: SendOptions = {}): AsyncGenerator<ChatEvent, void, undefined> {
    const owner = 'Chat.continueFinalMessage';
    this.#checkIdle(owner, 'messages', this.#messages);
    const last = this.#messages.at(-1);
    if (last?.role !== 'assistant' || typeof last.content !== 'string' || last.tool_calls !== undefined)
      throw new ParameterError(owner, 'messages', 'a list that ends with a text of the assistant', last);
    yield* this.#answer(owner, options, this.#messages, last as ChatMessage & { readonly content: string });
  }

  #checkIdle(owner: string, parameter: string, received: unknown): void {
    if (this.#busy) throw new ParameterError(owner, parameter, 'sent after the last answer has ended', received);
  }

  /** @param continued the last message, when the model continues it. */
  async *#answer(
    owner: string,
    options: SendOptions,
    messages: readonly ChatMessage[],
    continued?: ChatMessage & { readonly content: string },
  ): AsyncGenerator<ChatEvent, void, undefined> {
    const { tools, toolChoice, parallelToolCalls, toolFormat, reasoning, ...given } = readOptions(
      owner,
      options,
      sendOptions,
    );
    const plan = this.#plan(owner, { tools, toolChoice, parallelToolCalls, toolFormat, reasoning });
    this.#busy = true;
    const before = { messages: this.#messages, forgotten: this.#forgotten, leastForgotten: this.#leastForgotten };
    this.#messages = messages;
    let ids: number[] = [];
    let end: EndEvent | undefined;
    let reply: Reply | undefined;
    let prompt: Prompt | undefined;
    try {
      const continues = continued !== undefined;
      prompt = this.#prompt((list) => this.#encode(list, plan, continues));
      this.#promptLength = prompt.ids.length;
      reply = await plan.open(this.#tokenizer, { prompt: prompt.text, messages, continues });
      for await (const event of reply.events(this.#model, prompt.ids, { ...given, cache: this.#cache })) {
        if (event.type === 'token') ids.push(event.id);
        else if (event.type === 'end') {
          end = event;
          ids = event.ids.slice(0, typeof event.stopReason === 'number' ? -1 : undefined);
        }
        yield event;
      }
    } finally {
      this.#busy = false;
      if (prompt === undefined || reply === undefined || (end === undefined && !reply.hasBegun)) {
        this.#messages = before.messages;
        this.#forgotten = before.forgotten;
        this.#leastForgotten = before.leastForgotten;
      } else {
        reply.finish();
        const { message } = reply;
        this.#messages =
          continued === undefined
            ? [...messages, message]
            : [...messages.slice(0, -1), { ...continued, ...message, content: continued.content + reply.text }];
        this.#fed.remember(prompt, ids, reply);
      }
    }
  }

  /** How a reply to the next prompt is written and read. */
  #plan(owner: string, options: ReplyOptions): ReplyPlan {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    return planReply(owner, this.#template!, { ...this.#replyOptions, ...Object.fromEntries(given) }, this.#options);
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
  #prompt(encode: (messages: readonly ChatMessage[]) => Prompt): Prompt {
    const messages = this.#messages;
    const head = messages.findIndex(({ role }) => !headRoles.includes(role));
    const starts = [...messages.keys()].filter((at) => at === head || (at > head && messages[at]!.role === 'user'));
    const most = starts.length - 1;
    const least = Math.min(this.#leastForgotten, most);
    const limit = this.#model.contextLength * promptShare;
    const without = (count: number): Prompt => encode([...messages.slice(0, head), ...messages.slice(starts[count])]);

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

  #encode(messages: readonly ChatMessage[], plan: ReplyPlan, continues: boolean): Prompt {
    const given = plan.messages(messages);
    const { messages: rendered, encode } = messagesFor(this.#tokenizer, given, this.#literalContent);
    const text = applyChatTemplate(this.#template, rendered, {
      ...this.#options,
      ...plan.template,
      ...(continues ? { continueFinalMessage: true } : {}),
    });
    return { text, ids: this.#fed.encode(text, encode) };
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
