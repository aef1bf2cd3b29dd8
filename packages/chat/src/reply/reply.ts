import {
  type GenerateOptions,
  generate,
  type LanguageModel,
  ParameterError,
  type Sampler,
  type StreamEvent,
  TextStream,
  type Tokenizer,
} from '@tokenwright/core';
import { argMax } from '@tokenwright/core/sampling';
import type { ChatMessage } from '../chat-message.ts';
import { withoutMarks } from '../tools/marked-tokens.ts';
import { ReplyParser } from '../tools/reading/reply-parser.ts';
import type { ReplySetting } from '../tools/reading/reply-setting.ts';
import type { ReplyPart, ToolCall, ToolCallError } from '../tools/tool-call.ts';

/** More of the model's reasoning before its answer. */
export interface ReasoningEvent {
  readonly type: 'reasoning';
  readonly text: string;
}

/** The model called a tool. */
export interface ToolCallEvent {
  readonly type: 'tool-call';
  readonly call: ToolCall;
}

/** The model began a call that cannot be used. It is not a part of the answer's text. */
export interface InvalidToolCallEvent {
  readonly type: 'invalid-tool-call';
  readonly error: ToolCallError;
}

/** The events of `generate`, whose texts are those of the answer, and what else is in a reply. */
export type ChatEvent = StreamEvent | ReasoningEvent | ToolCallEvent | InvalidToolCallEvent;

/** How a reply is read. `firstCall`: the number of its first call in the conversation. */
type ReadSetting = Omit<ReplySetting, 'nextId'> & { readonly firstCall: number };

/** A reply: generated, split into its parts as it streams, and a message in the end. */
export class Reply {
  readonly #owner: string;
  readonly #tokenizer: Tokenizer;
  readonly #samplers: readonly Sampler[];
  readonly #parser: ReplyParser | undefined;
  #text = '';
  #raw = '';
  #reasoning = '';
  readonly #calls: ToolCall[] = [];
  readonly #invalid: ToolCallError[] = [];

  /** @param tokenizer marks special tokens. @param samplers what forces the reply. */
  constructor(owner: string, tokenizer: Tokenizer, samplers: readonly Sampler[], setting: ReadSetting) {
    this.#owner = owner;
    this.#tokenizer = tokenizer;
    this.#samplers = samplers;
    const isPlain = setting.reply === undefined && setting.reasoning === undefined;
    let calls = setting.firstCall;
    // Nine letters and digits, which Mistral's templates ask for.
    const nextId = (): string => `call${String(calls++).padStart(5, '0')}`;
    this.#parser = isPlain ? undefined : new ReplyParser({ ...setting, nextId });
  }

  /** The answer so far, without reasoning and calls. */
  get text(): string {
    return this.#text;
  }

  /** Everything so far: the text of all tokens but the special ones that are part of no format. */
  get raw(): string {
    return withoutMarks(this.#raw);
  }

  /**
   * The text of these tokens after a prompt, with all special tokens by their spelling, as a template writes them. Undefined when the
   * reply is not their whole text, because a stop string cut it.
   */
  spelled(prompt: readonly number[], ids: readonly number[]): string | undefined {
    const textOf = (skipSpecialTokens: boolean): string => {
      const stream = new TextStream(this.#tokenizer, prompt, { skipSpecialTokens });
      return withoutMarks(ids.map((id) => stream.push(id)).join('') + stream.flush());
    };
    const spelled = textOf(false);
    return [spelled, textOf(true)].includes(this.raw) ? spelled : undefined;
  }

  /** The reasoning so far; '' for none. */
  get reasoning(): string {
    return this.#reasoning;
  }

  /** The calls so far. */
  get calls(): readonly ToolCall[] {
    return this.#calls;
  }

  /** What began as a call and is none. */
  get invalidCalls(): readonly ToolCallError[] {
    return this.#invalid;
  }

  /** True when the model has written something. */
  get hasBegun(): boolean {
    return this.#raw !== '';
  }

  /** Generate the reply. The options are those of `generate`. */
  async *events(
    model: LanguageModel,
    ids: readonly number[],
    options: GenerateOptions,
  ): AsyncGenerator<ChatEvent, void, undefined> {
    const { numReturnSequences = 1 } = options;
    if (this.#parser !== undefined && numReturnSequences !== 1)
      throw new ParameterError(this.#owner, 'numReturnSequences', '1 with tools or reasoning', numReturnSequences);
    const samplers = this.#samplers.length === 0 ? {} : { samplers: [...this.#samplers, ...chainOf(model, options)] };
    for await (const event of generate(model, ids, { ...options, ...samplers, tokenizer: this.#tokenizer })) {
      if (event.type === 'token') {
        const parts = this.#push(event.text ?? '');
        yield* eventsOf(parts, ['reasoning']);
        yield this.#parser === undefined ? event : { ...event, text: textOf(parts) };
        yield* eventsOf(parts, ['tool-call', 'invalid-tool-call']);
      } else if (event.type === 'end') {
        const parts = [...this.#push(event.tail ?? ''), ...this.finish()];
        yield* eventsOf(parts, ['reasoning', 'tool-call', 'invalid-tool-call']);
        if (this.#parser === undefined) {
          this.#text = event.text ?? this.#text;
          yield event;
        } else yield { ...event, text: this.#text, tail: textOf(parts) };
      } else yield event;
    }
  }

  /** Read what is left when no more text comes. A call that is not complete is an invalid one. */
  finish(): ReplyPart[] {
    return this.#note(this.#parser?.end() ?? []);
  }

  /** The reply as a message in OpenAI's form. The content is '' for calls without a text. */
  get message(): ChatMessage & { readonly role: 'assistant'; readonly content: string } {
    const calls = this.#calls.map(({ id, name, argumentsText }) => ({
      id,
      type: 'function',
      function: { name, arguments: argumentsText },
    }));
    return {
      role: 'assistant',
      content: this.#text,
      ...(this.#reasoning === '' ? {} : { reasoning_content: this.#reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
  }

  #push(text: string): ReplyPart[] {
    this.#raw += text;
    return this.#note(this.#parser?.push(text) ?? [{ type: 'text', text }]);
  }

  #note(parts: ReplyPart[]): ReplyPart[] {
    for (const part of parts) {
      if (part.type === 'text') this.#text += part.text;
      else if (part.type === 'reasoning') this.#reasoning += part.text;
      else if (part.type === 'tool-call') this.#calls.push(part.call);
      else this.#invalid.push(part.error);
    }
    return parts;
  }
}

function textOf(parts: readonly ReplyPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function* eventsOf(parts: readonly ReplyPart[], types: readonly ReplyPart['type'][]): Generator<ChatEvent> {
  for (const part of parts) if (part.type !== 'text' && types.includes(part.type)) yield part;
}

/** The chain of a call as `generate` finds it: the caller's, the preset's, the model's, or greedy decoding. */
function chainOf({ defaults }: LanguageModel, { samplers, strategy, preset }: GenerateOptions): readonly Sampler[] {
  const given = samplers ?? preset?.options.samplers;
  if (given !== undefined) return given;
  const isPlain = (strategy ?? preset?.options.strategy) === undefined;
  if (defaults.samplers === undefined) return isPlain ? [argMax] : [];
  // A strategy makes its own choice.
  return isPlain ? defaults.samplers : defaults.samplers.filter(({ traits }) => traits?.selectsArgMax !== true);
}
