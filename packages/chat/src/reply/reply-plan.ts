import type { MaskSampler, Tokenizer } from '@tokenwright/core';
import { ParameterError } from '@tokenwright/core';
import type { ChatMessage } from '../chat-message.ts';
import { reasoningFormatOf, reasoningSwitches } from '../tools/formats/reasoning-formats.ts';
import { toolFormatOf, toolFormats } from '../tools/formats/tool-formats.ts';
import { MarkedTokens } from '../tools/marked-tokens.ts';
import { type ToolDefinitions, toolDefinitions } from '../tools/tool-definitions.ts';
import type { ReasoningFormat, ToolFormat } from '../tools/tool-format.ts';
import { Reply } from './reply.ts';
import { type CheckedReplyOptions, checkReplyOptions, type ReplyOptions } from './reply-options.ts';
import { callsOf, withWrittenCalls } from './write-calls.ts';

/** What a chat template shows about the model. */
export interface TemplateFacts {
  /** The name that errors use. */
  readonly model: string;
  readonly source: string;
  /** Names of the variables that it reads. */
  readonly names: ReadonlySet<string>;
}

/** Options of the template that a reply depends on. */
interface TemplateOptions {
  readonly tools?: readonly object[];
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A template that asks whether a content is none; others may print one as 'None'. */
const readsNone = /content['"]?\]?\s+is\s+(?:not\s+)?none/;

/** Where the reply begins. */
export interface ReplyStart {
  /** The rendered prompt. */
  readonly prompt: string;
  readonly messages: readonly ChatMessage[];
  /** The reply continues the last message. */
  readonly continues: boolean;
}

/** How a reply will be written and read, before its prompt is rendered. */
export class ReplyPlan {
  /** Options for the template. */
  readonly template: TemplateOptions;
  readonly #owner: string;
  readonly #facts: TemplateFacts;
  readonly #tools: readonly object[];
  readonly #definitions: ToolDefinitions;
  readonly #options: CheckedReplyOptions;
  readonly #format: ToolFormat | undefined;
  readonly #reasoning: ReasoningFormat | undefined;

  /**
   * @throws ToolFormatError for tools with a template that shows no format; ParameterError; UnknownOptionError.
   */
  constructor(
    owner: string,
    facts: TemplateFacts,
    options: ReplyOptions,
    variables: Readonly<Record<string, unknown>> = {},
  ) {
    const { tools = [], toolFormat } = options;
    const isParsed = toolFormat !== 'none';
    this.#owner = owner;
    this.#facts = facts;
    this.#tools = tools;
    this.#definitions = tools.length > 0 && isParsed ? toolDefinitions(owner, tools) : new Map();
    this.#options = checkReplyOptions(owner, options, this.#definitions);
    this.#format =
      this.#definitions.size > 0
        ? toolFormatOf(owner, facts.model, facts.source, toolFormat)
        : toolFormats.find(
            ({ reply, recognizes }) => isParsed && reply.kind === 'channels' && recognizes(facts.source),
          );
    this.#reasoning = reasoningFormatOf(facts.source);
    const { reasoning } = this.#options;
    if (reasoning === true && this.#reasoning === undefined)
      throw new ParameterError(
        owner,
        'reasoning',
        'false or left out for a model whose chat template shows no reasoning',
        options.reasoning,
      );
    this.template = templateOptions(owner, facts, tools, this.#format, variables, reasoning);
  }

  /** The messages as this template takes them. */
  messages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
    const { source, names } = this.#facts;
    const format = this.#format;
    if (format === undefined || !Array.isArray(messages)) return messages;
    const written = withWrittenCalls(messages, source, format, this.#definitions).map((message) =>
      callsOf(message).length > 0 && (message.content ?? '') === ''
        ? { ...message, content: readsNone.test(source) ? null : '' }
        : message,
    );
    const key = format.toolsInSystem;
    if (key === undefined || this.#tools.length === 0 || names.has('tools')) return written;
    const [first, ...others] = written;
    const tools = JSON.stringify(this.#tools.map((tool) => ('function' in tool ? tool.function : tool)));
    if (first?.role === 'system') return [{ ...first, [key]: tools }, ...others];
    return [{ role: 'system', content: '', [key]: tools }, ...written];
  }

  /**
   * The reply to a rendered prompt.
   *
   * @param options `readsParts`: false for a reply that is one text, whatever is in it. Default true.
   * @throws ToolSchemaError for a tool whose schema cannot be enforced.
   */
  async open(
    tokenizer: Tokenizer,
    { prompt, messages, continues }: ReplyStart,
    { readsParts = true }: { readonly readsParts?: boolean } = {},
  ): Promise<Reply> {
    const { choice, allowed, parallel, budget } = this.#options;
    const format = this.#format;
    const reasoning = readsParts ? this.#reasoning : undefined;
    const marked = new MarkedTokens(tokenizer, [
      ...(format?.tokens ?? []),
      ...(reasoning === undefined ? [] : [reasoning.open, reasoning.close]),
    ]);
    const spell = (text: string): string => marked.spell(text);
    const spelled = reasoning && marked.spellAll(reasoning);
    const reply = format && marked.spellAll(format.reply);
    const inReasoning = !continues && reasoning !== undefined && prompt.trimEnd().endsWith(reasoning.open);
    const samplers: MaskSampler[] = [];
    const isForced = reply !== undefined && this.#definitions.size > 0;
    if (isForced || (budget !== undefined && spelled !== undefined)) {
      const { callSampler, budgetSampler } = await import('./reply-samplers.ts');
      if (isForced)
        samplers.push(
          callSampler(tokenizer, marked, {
            owner: this.#owner,
            reply,
            reasoning: spelled,
            inReasoning,
            inText: continues,
            inHeader: format?.reply.kind === 'channels' && prompt.endsWith(format.reply.next),
            tools: allowed,
            choice,
            parallel,
            spell,
          }),
        );
      if (budget !== undefined && reasoning !== undefined)
        samplers.push(budgetSampler(tokenizer, marked, reasoning, budget, inReasoning));
    }
    const before = messages.reduce((count, message) => count + callsOf(message).length, 0);
    const isRead = readsParts && (reply?.kind === 'channels' || (isForced && choice !== 'none'));
    return new Reply(this.#owner, marked.tokenizer, samplers, {
      reply: isRead ? reply : undefined,
      reasoning: spelled,
      inReasoning,
      inText: continues,
      tools: this.#definitions,
      spell,
      firstCall: before + 1,
    });
  }
}

function templateOptions(
  owner: string,
  { names }: TemplateFacts,
  tools: readonly object[],
  format: ToolFormat | undefined,
  variables: Readonly<Record<string, unknown>>,
  reasoning: boolean | undefined,
): TemplateOptions {
  const toggle = reasoning === undefined ? undefined : reasoningSwitches.find((name) => names.has(name));
  if (toggle !== undefined && variables[toggle] !== undefined)
    throw new ParameterError(owner, 'reasoning', `left out with variables.${toggle}`, reasoning);
  const own = format?.toolsVariable;
  const isOwn = own !== undefined && tools.length > 0 && names.has(own) && !names.has('tools');
  return {
    ...(tools.length === 0 || isOwn ? {} : { tools }),
    variables: {
      ...variables,
      ...(toggle === undefined ? {} : { [toggle]: reasoning }),
      ...(isOwn ? { [own]: tools } : {}),
    },
  };
}
