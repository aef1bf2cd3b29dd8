import { type ChatTemplate, LoadError } from '@tokenwright/core';
import { readRange } from '../sources/byte-source.ts';
import { decodeUtf8, isObject, type JsonObject, largestJson, readJson } from '../sources/json.ts';
import type { ModelSource } from '../sources/model-source.ts';

/**
 * The chat template in a tokenizer_config.json, or in the equivalent from a GGUF file: one, or a list of named ones.
 *
 * @returns undefined when there is none.
 * @throws LoadError for a value of another kind.
 */
export function chatTemplateOf(
  config: JsonObject,
  model: string,
  specialTokensMap: JsonObject = {},
): ChatTemplate | undefined {
  const sources = templatesIn(config.chat_template ?? undefined, 'tokenizer_config.json');
  return sources && createChatTemplate(sources, specialTokensOf({ ...specialTokensMap, ...config }), model);
}

/**
 * The chat template of a model in files: chat_template.jinja, or chat_template.json, or what tokenizer_config.json holds; with those
 * of additional_chat_templates/*.jinja by their names.
 *
 * @returns undefined when there is none.
 */
export async function openChatTemplate(source: ModelSource): Promise<ChatTemplate | undefined> {
  const json = async (name: string): Promise<JsonObject | undefined> => {
    const file = await source.file(name);
    return file === undefined ? undefined : readJson(file);
  };
  const config = (await json('tokenizer_config.json')) ?? {};
  const map = (await json('special_tokens_map.json')) ?? {};
  const main = await textOf(source, 'chat_template.jinja');
  const sources = {
    ...(main !== undefined
      ? { default: main }
      : (templatesIn((await json('chat_template.json'))?.chat_template ?? undefined, 'chat_template.json') ??
        templatesIn(config.chat_template ?? undefined, 'tokenizer_config.json'))),
    ...(await additionalTemplates(source)),
  };
  if (Object.keys(sources).length === 0) return undefined;
  return createChatTemplate(sources, specialTokensOf({ ...map, ...config }), source.name);
}

async function additionalTemplates(source: ModelSource): Promise<Record<string, string>> {
  // A template may be called '__proto__'.
  const sources: [string, string][] = [];
  for (const path of (await source.names?.()) ?? []) {
    const [, name] = /^additional_chat_templates\/([^/]+)\.jinja$/.exec(path) ?? [];
    const text = name === undefined ? undefined : await textOf(source, path);
    if (name !== undefined && text !== undefined) sources.push([name, text]);
  }
  return Object.fromEntries(sources);
}

async function textOf(source: ModelSource, name: string): Promise<string | undefined> {
  const file = await source.file(name);
  if (file === undefined) return undefined;
  if (file.size > largestJson)
    throw new LoadError(file.name, `has ${file.size} bytes; at most ${largestJson} are read`);
  return decodeUtf8(file.name, await readRange(file, 0, file.size));
}

function templatesIn(value: unknown, file: string): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return { default: value };
  const isNamed = (entry: unknown): entry is { name: string; template: string } =>
    isObject(entry) && typeof entry.name === 'string' && typeof entry.template === 'string';
  if (!Array.isArray(value) || value.length === 0 || !value.every(isNamed))
    throw new LoadError(file, 'must be a text, or a list of templates with their names', 'chat_template');
  return Object.fromEntries(value.map(({ name, template }) => [name, template]));
}

/**
 * Special tokens by their names in templates: `bos_token` and others that end in `_token`, such as `image_token`, and those that the
 * model names itself. Tokens are texts, or objects with a content.
 */
function specialTokensOf(config: JsonObject): Record<string, string> {
  const tokens: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    const text = isObject(value) ? value.content : value;
    if (typeof text === 'string') tokens.push([name, text]);
  };
  for (const [name, value] of Object.entries(config)) if (name.endsWith('_token')) add(name, value);
  for (const named of [config.extra_special_tokens, config.model_specific_special_tokens])
    if (isObject(named)) for (const [name, value] of Object.entries(named)) add(name, value);
  return Object.fromEntries(tokens);
}

function createChatTemplate(
  sources: Readonly<Record<string, string>>,
  specialTokens: Readonly<Record<string, string>>,
  model: string,
): ChatTemplate {
  return { model, names: Object.keys(sources), sources, specialTokens };
}
