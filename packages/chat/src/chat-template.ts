import { Template } from '@huggingface/jinja';
import { type ChatTemplate, ParameterError, type Tokenizer } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import type { ChatMessage, ChatOptions } from './chat-message.ts';
import { ChatTemplateError } from './chat-template-error.ts';

const owner = 'applyChatTemplate';
const optionNames = ['tools', 'addGenerationPrompt', 'template', 'variables'];

/** Roles whose text a template may leave out: thinking of earlier turns, results of tools. */
const mayBeLeftOut: readonly string[] = ['user', 'assistant', 'tool', 'function', 'ipython'];

/**
 * The text of a chat, as the model was trained on it: `chat_template` of tokenizer_config.json, chat_template.jinja or the GGUF file,
 * rendered by @huggingface/jinja.
 *
 * @param template what `load` gives as `chatTemplate`; undefined, that is a model without one, is an error.
 * @throws ChatTemplateError when there is no template, it is no Jinja, it refuses the messages, or it leaves out a message whose role
 * it does not know; ParameterError for messages and options.
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
      'there is no chat template: it was not trained to chat, or its files lack one. Give one with createChatTemplate',
    );
  checkOptionNames(owner, options, optionNames);
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
 * Ids of a chat. The template writes the special tokens, so the tokenizer adds none: a begin token is never doubled.
 *
 * @param parts what `load` gives, or these two parts of it.
 * @throws as `applyChatTemplate`; ParameterError when there is no tokenizer.
 */
export function encodeChat(
  parts: { readonly tokenizer: Tokenizer | undefined; readonly chatTemplate: ChatTemplate | undefined },
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): number[] {
  if (parts.tokenizer === undefined) throw new ParameterError('encodeChat', 'tokenizer', 'a tokenizer', undefined);
  return parts.tokenizer.encode(applyChatTemplate(parts.chatTemplate, messages, options), { addSpecialTokens: false });
}

function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0)
    throw new ParameterError(owner, 'messages', 'a list of at least one message', messages);
  for (const [at, message] of messages.entries()) {
    if (!isObject(message) || typeof message.role !== 'string' || message.role === '')
      throw new ParameterError(owner, `messages[${at}]`, 'an object with a role and a content', message);
    const { content } = message;
    if (typeof content !== 'string' && !Array.isArray(content) && content !== null)
      throw new ParameterError(owner, `messages[${at}].content`, 'a text, a list of parts, or null', content);
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

/** Parsed once a template: parsing takes longer than rendering. */
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

/** What a template calls to refuse its messages; the library's own cannot be told from its other errors. */
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

/** Give an identifier another name, everywhere in a parsed template. */
function rename(node: unknown, from: string, to: string): void {
  if (Array.isArray(node)) for (const part of node) rename(part, from, to);
  if (node instanceof Map) for (const [key, part] of node) rename([key, part], from, to);
  if (!isObject(node)) return;
  if (node.type === 'Identifier' && node.value === from) (node as { value: string }).value = to;
  else for (const part of Object.values(node)) rename(part, from, to);
}

/** A template that does not know a role leaves its messages out without a word; that must not go unseen. */
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
