import { type ChatTemplate, ParameterError, type Tokenizer, UnknownOptionError } from '@tokenwright/core';
import { checkList, checkTokenizer } from '@tokenwright/core/options';
import type { ChatMessage, ChatOptions, EncodeChatOptions } from './chat-message.ts';
import { ChatTemplateError } from './chat-template-error.ts';
import { checkChatOptions, checkParts, checkTemplate } from './check-chat.ts';
import { checkMessages } from './check-messages.ts';
import { Template } from './jinja/template.ts';
import { TemplateProblem } from './jinja/values/problem.ts';
import type { Value } from './jinja/values/values.ts';
import { messagesFor } from './literal-content.ts';
import { cutAfterFinal, formsFor, isPartMissing, withFinalTag, withMarkedContent } from './message-forms.ts';
import type { ReplyOptions } from './reply/reply-options.ts';
import { ReplyPlan } from './reply/reply-plan.ts';
import { inputOf, messagesIn } from './template-input.ts';

const owner = 'applyChatTemplate';
/** Variables that have options of their own. */
const fixed: readonly string[] = ['messages', 'add_generation_prompt'];

/** Roles whose text a template may leave out, such as the reasoning of earlier turns or the results of tools. */
const mayBeLeftOut: readonly string[] = ['user', 'assistant', 'tool', 'function', 'ipython'];

/**
 * The text of a chat in the format that the model was trained on. The template comes from tokenizer_config.json, chat_template.jinja
 * or a GGUF file. It is rendered as Hugging Face's `apply_chat_template` does with Jinja2, character by character.
 *
 * Where a template does not take a message as it is given, the message is written in the way that it takes: parts of a content as one
 * text, arguments of tool calls as an object or as JSON text, a 'developer' as a 'system'.
 *
 * @param template `chatTemplate` of the result of `load`. Undefined, for a model without one, is an error.
 * @throws ChatTemplateError when there is no template, when it is not valid Jinja, refuses the messages, fails, does not
 * end, or leaves out a message because it does not know the role, and when a part of a content is not a text; ParameterError for
 * messages and options; UnknownOptionError, also for a variable that the template does not read.
 * @example
 * ```ts
 * const text = applyChatTemplate(chatTemplate, [{ role: 'user', content: 'Name three colors.' }]);
 * ```
 */
export function applyChatTemplate(
  template: ChatTemplate | undefined,
  messages: readonly ChatMessage[],
  given: ChatOptions = {},
): string {
  if (template === undefined)
    throw new ChatTemplateError(
      'This model',
      'missing',
      'it has no chat template, because it was not trained to chat or its files lack one. Give one as the option chatTemplate: ' +
        'chatML or plainDialogue of @tokenwright/chat (tokenwright/chat), or one that createChatTemplate makes',
    );
  checkTemplate(owner, template);
  const options = checkChatOptions(owner, given, ['literalContent']);
  checkMessages(owner, template.model, messages);
  const { continueFinalMessage = false, addGenerationPrompt = !continueFinalMessage } = options;
  if (continueFinalMessage && addGenerationPrompt)
    throw new ParameterError(owner, 'addGenerationPrompt', 'false or left out with continueFinalMessage', true);
  const parsed = parse(template, nameOf(template, options));
  const input = inputOf(owner, messages, 'messages') as readonly Value[];
  const final = continueFinalMessage ? withFinalTag(owner, input) : undefined;
  return render(template, final?.messages ?? input, {
    parsed,
    variables: variablesOf(template, parsed, options, addGenerationPrompt),
    end: (text) => (final === undefined ? text : cutAfterFinal(template.model, text, final.text)),
  });
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
  options: EncodeChatOptions = {},
): number[] {
  const { tokenizer: decoder, chatTemplate } = checkParts('encodeChat', parts, ['tokenizer', 'chatTemplate']);
  const tokenizer = checkTokenizer('encodeChat', decoder);
  const template = chatTemplate === undefined ? undefined : checkTemplate('encodeChat', chatTemplate, 'chatTemplate');
  const { literalContent = false, ...others } = checkChatOptions('encodeChat', options);
  const list = checkList('encodeChat', 'messages', messages, 'a list of at least one message', { least: 1 });
  const { messages: rendered, encode } = messagesFor(tokenizer, list as readonly ChatMessage[], literalContent);
  return encode(applyChatTemplate(template, rendered, others));
}

/**
 * How the reply to a chat with this template is written and read.
 *
 * @param options of the template; `tools` and the reasoning switch come from the plan.
 */
export function planReply(
  owner: string,
  template: ChatTemplate,
  reply: ReplyOptions,
  { template: name, variables }: ChatOptions,
): ReplyPlan {
  const { tools } = reply;
  const given = { tools, template: name, variables };
  checkChatOptions(owner, given);
  const chosen = nameOf(template, given);
  const facts = { model: template.model, source: template.sources[chosen]!, names: parse(template, chosen).names };
  return new ReplyPlan(owner, facts, reply, variables);
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

/** Everything that the template reads but the messages. */
function variablesOf(
  { specialTokens }: ChatTemplate,
  parsed: Template,
  { tools, variables = {} }: ChatOptions,
  addGenerationPrompt: boolean,
): Map<string, Value> {
  for (const name of Object.keys(variables)) {
    if (fixed.includes(name) || (name === 'tools' && tools !== undefined))
      throw new ParameterError(owner, `variables.${name}`, 'left out, because an argument sets it', variables[name]);
    if (!parsed.names.has(name) && variables[name] !== undefined)
      throw new UnknownOptionError(
        'variables of the chat template',
        name,
        [...parsed.names].filter((known) => !fixed.includes(known)),
      );
  }
  const all = new Map<string, Value>(Object.entries(specialTokens));
  all.set('tools', tools === undefined ? null : inputOf(owner, tools, 'tools'));
  all.set('documents', null);
  all.set('add_generation_prompt', addGenerationPrompt);
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined) all.set(name, inputOf(owner, value, `variables.${name}`));
  return all;
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
    } catch (error) {
      if (!(error instanceof TemplateProblem)) throw error;
      throw errorOf(template.model, error, `the chat template '${name}' cannot be parsed`);
    }
    all.set(name, parsed);
  }
  return parsed;
}

function errorOf(model: string, { kind, message, line }: TemplateProblem, problem: string): ChatTemplateError {
  const place = line === undefined ? '' : ` (line ${line})`;
  return new ChatTemplateError(model, kind, `${problem}: ${message}${kind === 'raised' ? '' : place}`, { line });
}

interface Rendering {
  readonly parsed: Template;
  readonly variables: ReadonlyMap<string, Value>;
  /** Where the text ends. */
  readonly end: (text: string) => string;
}

/** The text in the first form of the messages that the template takes without losing any. */
function render({ model }: ChatTemplate, input: readonly Value[], { parsed, variables, end }: Rendering): string {
  const textOf = (messages: readonly Value[]): string => parsed.render(new Map(variables).set('messages', messages));
  let problem: TemplateProblem | undefined;
  let lossy: { readonly text: string; readonly lost: number | undefined } | undefined;
  for (const form of formsFor(input)) {
    const messages = messagesIn(input, form);
    try {
      const text = textOf(messages);
      const lost = leftOut(messages, text, textOf);
      if (lost === undefined && !isPartMissing(messages, text)) return end(text);
      if (lossy === undefined || (lossy.lost !== undefined && lost === undefined)) lossy = { text, lost };
    } catch (error) {
      if (!(error instanceof TemplateProblem)) throw error;
      problem ??= error;
      if (error.kind !== 'failed' && error.kind !== 'raised') break;
    }
  }
  if (lossy?.lost !== undefined) {
    const role = withMarkedContent(input, lossy.lost)?.role;
    throw new ChatTemplateError(
      model,
      'role',
      `its chat template leaves out message ${lossy.lost + 1} and does not know the role '${role}'`,
    );
  }
  if (lossy !== undefined) return end(lossy.text);
  const what = problem!.kind === 'raised' ? 'its chat template refuses the messages' : 'its chat template failed';
  throw errorOf(model, problem!, what);
}

/**
 * The index of a message that the template leaves out because it does not know the role: its text is not there, and another text in
 * its place changes nothing. A template may edit a text, or encode it.
 */
function leftOut(
  messages: readonly Value[],
  text: string,
  textOf: (messages: readonly Value[]) => string,
): number | undefined {
  for (const at of messages.keys()) {
    const marked = withMarkedContent(messages, at);
    if (marked === undefined || mayBeLeftOut.includes(marked.role) || text.includes(marked.content.trim())) continue;
    try {
      if (textOf(marked.messages) === text) return at;
    } catch (error) {
      // It reads the text, or it could not fail.
      if (!(error instanceof TemplateProblem)) throw error;
    }
  }
  return undefined;
}
