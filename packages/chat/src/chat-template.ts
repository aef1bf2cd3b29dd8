import { Template } from '@huggingface/jinja';
import { type ChatTemplate, ParameterError, type Tokenizer } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import type { ChatMessage, ChatOptions, EncodeChatOptions } from './chat-message.ts';
import { ChatTemplateError } from './chat-template-error.ts';
import { messagesFor } from './literal-content.ts';

const owner = 'applyChatTemplate';
/** A `Record`, so that a name that is missing here is a compile error. */
const optionNames: Readonly<Record<keyof ChatOptions, true>> = {
  tools: true,
  addGenerationPrompt: true,
  template: true,
  variables: true,
};

/** Roles whose text a template may leave out, such as the reasoning of earlier turns or the results of tools. */
const mayBeLeftOut: readonly string[] = ['user', 'assistant', 'tool', 'function', 'ipython'];

/**
 * The text of a chat in the format that the model was trained on. The template comes from tokenizer_config.json, chat_template.jinja
 * or a GGUF file, and @huggingface/jinja renders it.
 *
 * @param template `chatTemplate` of the result of `load`. Undefined, for a model without one, is an error.
 * @throws ChatTemplateError when there is no template, when it is not valid Jinja, refuses the messages, fails, or leaves out a
 * message because it does not know the role; ParameterError for messages and options; UnknownOptionError.
 * @example
 * ```ts
 * const text = applyChatTemplate(chatTemplate, [{ role: 'user', content: 'Name three colors.' }]);
 * ```
 */
export function applyChatTemplate(
  template: ChatTemplate | undefined,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): string {
  if (template === undefined)
    throw new ChatTemplateError(
      'This model',
      'missing',
      'there is no chat template: the model was not trained to chat, or its files lack one. Make one with createChatTemplate',
    );
  checkOptionNames(owner, options, Object.keys(optionNames));
  checkMessages(messages);
  const { tools, addGenerationPrompt = true, variables = {} } = options;
  const parsed = parse(template, nameOf(template, options));
  const text = render(template, parsed, {
    ...template.specialTokens,
    tools: tools ?? null,
    documents: null,
    ...variables,
    messages,
    add_generation_prompt: addGenerationPrompt,
  });
  checkRoles(template, messages, text);
  return text;
}

/**
 * The token ids of a chat. The template writes the special tokens, so the tokenizer adds none: a begin token is never doubled.
 *
 * @param parts the result of `load`, or its tokenizer and chat template.
 * @throws as `applyChatTemplate`; ParameterError when there is no tokenizer.
 * @example
 * ```ts
 * const loaded = await load('HuggingFaceTB/SmolLM2-135M-Instruct', { engine });
 * const ids = encodeChat(loaded, [{ role: 'user', content: 'Name three colors.' }]);
 * ```
 */
export function encodeChat(
  parts: { readonly tokenizer: Tokenizer; readonly chatTemplate: ChatTemplate | undefined },
  messages: readonly ChatMessage[],
  { literalContent = false, ...options }: EncodeChatOptions = {},
): number[] {
  if (parts.tokenizer === undefined) throw new ParameterError('encodeChat', 'tokenizer', 'a tokenizer', undefined);
  if (typeof literalContent !== 'boolean')
    throw new ParameterError('encodeChat', 'literalContent', 'true or false', literalContent);
  const { messages: rendered, encode } = messagesFor(parts.tokenizer, messages, literalContent);
  return encode(applyChatTemplate(parts.chatTemplate, rendered, options));
}

function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0)
    throw new ParameterError(owner, 'messages', 'a list of at least one message', messages);
  for (const [at, message] of messages.entries()) {
    if (!isObject(message) || typeof message.role !== 'string' || message.role === '')
      throw new ParameterError(owner, `messages[${at}]`, 'an object with a role and a content', message);
    const { content } = message;
    if (typeof content !== 'string' && !Array.isArray(content) && content !== null)
      throw new ParameterError(owner, `messages[${at}].content`, 'a string, a list of parts, or null', content);
  }
}

function nameOf({ names }: ChatTemplate, { template, tools }: ChatOptions): string {
  if (template !== undefined) {
    if (!names.includes(template)) throw new ParameterError(owner, 'template', `one of ${names.join(', ')}`, template);
    return template;
  }
  if (tools !== undefined && names.includes('tool_use')) return 'tool_use';
  if (names.includes('default')) return 'default';
  if (names.length === 1) return names[0]!;
  throw new ParameterError(owner, 'template', `one of ${names.join(', ')}`, undefined);
}

/** The parsed form of each template: parsing takes longer than rendering. */
const parsedTemplates = new WeakMap<ChatTemplate, Map<string, Template>>();

function parse(template: ChatTemplate, name: string): Template {
  const all = parsedTemplates.get(template) ?? new Map<string, Template>();
  parsedTemplates.set(template, all);
  let parsed = all.get(name);
  if (parsed === undefined) {
    try {
      parsed = new Template(template.sources[name]!);
    } catch (cause) {
      const problem = `the chat template '${name}' cannot be parsed: ${messageOf(cause)}`;
      throw new ChatTemplateError(template.model, 'syntax', problem, { cause });
    }
    rename(parsed.parsed, 'raise_exception', raiser);
    all.set(name, parsed);
  }
  return parsed;
}

/** Replaces `raise_exception` in templates: the library's own error looks like its other errors. */
const raiser = 'raise_exception_of_template';

class Raised extends Error {}

function render(template: ChatTemplate, parsed: Template, variables: Record<string, unknown>): string {
  const raise = (message: unknown): never => {
    throw new Raised(String(message));
  };
  try {
    return parsed.render({ ...variables, [raiser]: raise });
  } catch (cause) {
    if (cause instanceof Raised)
      throw new ChatTemplateError(template.model, 'raised', `its chat template refuses the messages: ${cause.message}`);
    const problem = `its chat template failed: ${messageOf(cause)}`;
    throw new ChatTemplateError(template.model, 'failed', problem, { cause });
  }
}

/** Rename an identifier everywhere in a parsed template. */
function rename(node: unknown, from: string, to: string): void {
  if (Array.isArray(node)) for (const part of node) rename(part, from, to);
  if (node instanceof Map) for (const [key, part] of node) rename([key, part], from, to);
  if (!isObject(node)) return;
  if (node.type === 'Identifier' && node.value === from) (node as { value: string }).value = to;
  else for (const part of Object.values(node)) rename(part, from, to);
}

/** A template leaves out messages of roles that it does not know, in silence. Report it. */
function checkRoles({ model }: ChatTemplate, messages: readonly ChatMessage[], text: string): void {
  for (const [at, { role, content }] of messages.entries())
    if (typeof content === 'string' && !mayBeLeftOut.includes(role) && !text.includes(content.trim()))
      throw new ChatTemplateError(
        model,
        'role',
        `its chat template leaves out message ${at + 1} and does not know the role '${role}'`,
      );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
