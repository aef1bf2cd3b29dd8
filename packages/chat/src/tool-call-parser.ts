import { type ChatTemplate, ParameterError, TextStream, type Tokenizer } from '@tokenwright/core';
import { checkString, checkTokenizer, readOptions } from '@tokenwright/core/options';
import { checkTemplate } from './check-chat.ts';
import { reasoningFormatOf } from './tools/formats/reasoning-formats.ts';
import { toolFormatOf } from './tools/formats/tool-formats.ts';
import { MarkedTokens } from './tools/marked-tokens.ts';
import { ReplyParser } from './tools/reading/reply-parser.ts';
import type { ReplyPart } from './tools/tool-call.ts';
import { toolDefinitions } from './tools/tool-definitions.ts';

export interface ToolCallParserOptions {
  /** The chat template of the model: shows the format of calls and reasoning. */
  readonly chatTemplate?: ChatTemplate | undefined;
  /** The name of the format, instead of what the template shows. One of the two is needed. */
  readonly toolFormat?: string | undefined;
  /** The tools. With them, a call of another name is an error. Default: every name is one. */
  readonly tools?: readonly object[] | undefined;
  /** Reads token ids, so that the spelling of a special token in a text is text. Default: only texts are read. */
  readonly tokenizer?: Tokenizer | undefined;
  /** The rendered prompt, which may open the reasoning. Default ''. */
  readonly prompt?: string | undefined;
}

const names: readonly (keyof ToolCallParserOptions)[] = ['chatTemplate', 'toolFormat', 'tools', 'tokenizer', 'prompt'];

/**
 * Splits what a model writes into text, reasoning and tool calls, as it arrives. `Chat` does the same; the parser is for
 * texts that come from elsewhere.
 *
 * What may be the beginning of a mark is held back until it is known. A call that cannot be read is a part of the type
 * 'invalid-tool-call', never text.
 *
 * @throws ToolFormatError when the template shows no format; ParameterError; UnknownOptionError.
 * @example
 * ```ts
 * const parser = new ToolCallParser({ toolFormat: 'hermes' });
 * parser.push('<tool_call>{"name": "stop", "argu'); // []
 * parser.push('ments": {}}</tool_call>'); // [{ type: 'tool-call', call: { name: 'stop', arguments: {}, ... } }]
 * parser.end(); // []
 * ```
 */
export class ToolCallParser {
  readonly #parser: ReplyParser;
  readonly #stream: TextStream | undefined;

  constructor(options: ToolCallParserOptions) {
    const owner = 'ToolCallParser';
    const { chatTemplate, toolFormat, tools, tokenizer: given, prompt = '' } = readOptions(owner, options, names);
    checkString(owner, 'prompt', prompt);
    if (chatTemplate === undefined && toolFormat === undefined)
      throw new ParameterError(owner, 'toolFormat', 'given when chatTemplate is not', toolFormat);
    const template = chatTemplate === undefined ? undefined : checkTemplate(owner, chatTemplate, 'chatTemplate');
    const source = template === undefined ? '' : Object.values(template.sources).join('\n');
    const format = toolFormatOf(owner, template?.model ?? 'This model', source, toolFormat);
    const reasoning = reasoningFormatOf(source);
    const tokenizer = given === undefined ? undefined : checkTokenizer(owner, given);
    const texts = [...format.tokens, ...(reasoning === undefined ? [] : [reasoning.open, reasoning.close])];
    const marked = tokenizer && new MarkedTokens(tokenizer, texts);
    this.#stream = marked && new TextStream(marked.tokenizer);
    let calls = 1;
    this.#parser = new ReplyParser({
      reply: marked === undefined ? format.reply : marked.spellAll(format.reply),
      reasoning: marked === undefined || reasoning === undefined ? reasoning : marked.spellAll(reasoning),
      inReasoning: reasoning !== undefined && prompt.trimEnd().endsWith(reasoning.open),
      inText: false,
      tools: tools === undefined ? undefined : toolDefinitions(owner, tools),
      nextId: () => `call${String(calls++).padStart(5, '0')}`,
      spell: (text) => marked?.spell(text) ?? text,
    });
  }

  /**
   * What this piece of the reply completes.
   *
   * @param piece a text, or with a tokenizer the id of a token.
   */
  push(piece: string | number): ReplyPart[] {
    if (typeof piece === 'string') return this.#parser.push(piece);
    if (typeof piece === 'number' && this.#stream !== undefined) return this.#parser.push(this.#stream.push(piece));
    const allowed = this.#stream === undefined ? 'a text (ids need a tokenizer)' : 'a text or the id of a token';
    throw new ParameterError('ToolCallParser.push', 'piece', allowed, piece);
  }

  /** What is left at the end of the reply. A call that is not complete is an invalid one. */
  end(): ReplyPart[] {
    return [...this.#parser.push(this.#stream?.flush() ?? ''), ...this.#parser.end()];
  }
}
