import { type ChatTemplate, ParameterError } from '@tokenwright/core';
import {
  checkBoolean,
  checkList,
  checkString,
  isPlainObject,
  readable,
  readOptions,
  readRecord,
} from '@tokenwright/core/options';
import type { EncodeChatOptions } from './chat-message.ts';

/** A `Record`, so that a name that is missing here is a compile error. */
const optionNames: Readonly<Record<keyof EncodeChatOptions, true>> = {
  literalContent: true,
  tools: true,
  addGenerationPrompt: true,
  continueFinalMessage: true,
  template: true,
  variables: true,
};

const flags = ['literalContent', 'addGenerationPrompt', 'continueFinalMessage'] as const;

/**
 * The options of a chat, read once.
 *
 * @param without options that this function does not have.
 * @param further names of options that are checked elsewhere.
 * @throws UnknownOptionError, ParameterError.
 */
export function checkChatOptions<Options extends EncodeChatOptions>(
  owner: string,
  given: Options,
  without: readonly (keyof EncodeChatOptions)[] = [],
  further: readonly string[] = [],
): Options {
  const names = [...Object.keys(optionNames), ...further].filter(
    (name) => !(without as readonly string[]).includes(name),
  );
  const options = readOptions(owner, given, names);
  const { tools, template, variables } = options;
  const item = (tool: unknown, at: number): object => {
    if (typeof tool === 'object' && tool !== null) return tool;
    throw new ParameterError(owner, `tools[${at}]`, 'an object that describes a function', tool);
  };
  if (tools !== undefined) checkList(owner, 'tools', tools, 'a list of objects', { item });
  for (const name of flags) if (options[name] !== undefined) checkBoolean(owner, name, options[name]);
  if (template !== undefined) checkString(owner, 'template', template, 'the name of a template');
  if (variables === undefined) return options;
  return { ...options, variables: readRecord(owner, variables, 'variables') };
}

/** @throws ParameterError for anything but a chat template: what `load` or `createChatTemplate` gives. */
export function checkTemplate(owner: string, template: unknown, parameter = 'template'): ChatTemplate {
  return readable(owner, parameter, template, () => {
    const { names, sources } = (template ?? {}) as Partial<ChatTemplate>;
    const isTemplate =
      typeof template === 'object' && Array.isArray(names) && typeof sources === 'object' && sources !== null;
    if (isTemplate && names.every((name) => Object.hasOwn(sources, name) && typeof sources[name] === 'string'))
      return template as ChatTemplate;
    const hint = typeof template === 'string' ? ' (createChatTemplate makes one from Jinja)' : '';
    throw new ParameterError(owner, parameter, `a chat template${hint}`, template);
  });
}

/** The parts of a loaded model, each read once. @throws ParameterError for anything but an object. */
export function checkParts<Name extends string>(
  owner: string,
  parts: unknown,
  names: readonly Name[],
): Readonly<Record<Name, unknown>> {
  return readable(owner, 'parts', parts, () => {
    if (typeof parts !== 'object' || parts === null || Array.isArray(parts))
      throw new ParameterError(owner, 'parts', 'what load gives, or its tokenizer and chat template', parts);
    const given = parts as Readonly<Record<string, unknown>>;
    const entries = names.map((name) => [name, readable(owner, name, parts, () => given[name])] as const);
    return Object.fromEntries(entries) as Record<Name, unknown>;
  });
}

/** Texts by name, as a copy. @throws ParameterError. */
export function checkTexts(owner: string, parameter: string, given: unknown): Readonly<Record<string, string>> {
  if (!readable(owner, parameter, given, () => isPlainObject(given)))
    throw new ParameterError(owner, parameter, 'an object of texts by name', given);
  const texts = readRecord(owner, given as object, parameter);
  for (const [name, text] of Object.entries(texts)) checkString(owner, `${parameter}: ${name}`, text);
  return texts as Readonly<Record<string, string>>;
}
