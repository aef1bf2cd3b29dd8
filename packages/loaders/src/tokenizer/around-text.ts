import { LoadError } from '@tokenwright/core';
import { textOf } from '../sources/end-tokens.ts';
import { isObject, type JsonObject, shownJson } from '../sources/json.ts';

/** A flag of tokenizer_config.json, the token that it is about, and on which side of a text that token is. */
interface Side {
  readonly flag: 'add_bos_token' | 'add_eos_token';
  readonly token: 'bos_token' | 'eos_token';
  readonly place: 'before' | 'after';
}

const sides: readonly Side[] = [
  { flag: 'add_bos_token', token: 'bos_token', place: 'before' },
  { flag: 'add_eos_token', token: 'eos_token', place: 'after' },
];

/** The tokens of tokenizer classes whose configuration may leave them out. */
const classTokens: Readonly<Record<string, Readonly<Record<Side['token'], string>>>> = {
  LlamaTokenizer: { bos_token: '<s>', eos_token: '</s>' },
  CodeLlamaTokenizer: { bos_token: '<s>', eos_token: '</s>' },
  GemmaTokenizer: { bos_token: '<bos>', eos_token: '<eos>' },
  GPT2Tokenizer: { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' },
  GPTNeoXTokenizer: { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' },
};

/**
 * A tokenizer.json whose post_processor adds the begin and the end token as tokenizer_config.json says. `add_bos_token` and
 * `add_eos_token` decide: true adds the token where the file does not, false removes it where the file adds it. Without
 * the flags the file is as it is. The processors of BERT and RoBERTa have no such flags.
 *
 * @throws LoadError for a flag that is not true or false, and for a token that is to be added and does not exist.
 */
export function withTokensAround(json: JsonObject, config: JsonObject, file: string): JsonObject {
  let processor: unknown = json.post_processor ?? null;
  for (const side of sides) {
    const wanted = config[side.flag] ?? undefined;
    if (wanted === undefined) continue;
    if (typeof wanted !== 'boolean')
      throw new LoadError('tokenizer_config.json', `must be true or false, but is ${shownJson(wanted)}`, side.flag);
    if (hasFixedTokens(processor)) continue;
    const token = tokenOf(config, side);
    const isThere = templatesOf(processor).some((template) => has(template, side, token));
    if (wanted && !isThere) processor = withToken(processor, side, ...checkedToken(json, file, side, token));
    else if (!wanted && isThere) processor = changed(processor, (template) => without(template, side, token));
  }
  return processor === (json.post_processor ?? null) ? json : { ...json, post_processor: processor };
}

/** What the configuration, or else the class, names as the token. Null in the configuration: none. */
function tokenOf(config: JsonObject, { token }: Side): string | undefined {
  if (token in config) return textOf(config[token]);
  const className = typeof config.tokenizer_class === 'string' ? config.tokenizer_class.replace(/Fast$/, '') : '';
  return Object.hasOwn(classTokens, className) ? classTokens[className]![token] : undefined;
}

function checkedToken(
  json: JsonObject,
  file: string,
  { flag, token }: Side,
  content: string | undefined,
): [string, number] {
  if (content === undefined) throw new LoadError('tokenizer_config.json', `is true, but there is no ${token}`, flag);
  const id = idOf(json, content);
  if (id === undefined) throw new LoadError(file, `${token} is '${content}', which the vocabulary does not have`, flag);
  return [content, id];
}

function idOf({ model, added_tokens: added }: JsonObject, content: string): number | undefined {
  const entry = Array.isArray(added) ? added.find((token) => isObject(token) && token.content === content) : undefined;
  if (isObject(entry) && typeof entry.id === 'number') return entry.id;
  const vocab = isObject(model) ? model.vocab : undefined;
  if (isObject(vocab) && Object.hasOwn(vocab, content)) return vocab[content] as number;
  const at = Array.isArray(vocab) ? vocab.findIndex((piece) => Array.isArray(piece) && piece[0] === content) : -1;
  return at < 0 ? undefined : at;
}

/** The processors of a Sequence, or the one that there is. */
function parts(processor: unknown): readonly unknown[] {
  if (!isObject(processor)) return [];
  return processor.type === 'Sequence' && Array.isArray(processor.processors)
    ? processor.processors.flatMap(parts)
    : [processor];
}

function hasFixedTokens(processor: unknown): boolean {
  return parts(processor).some(
    (part) => isObject(part) && (part.type === 'BertProcessing' || part.type === 'RobertaProcessing'),
  );
}

function templatesOf(processor: unknown): readonly JsonObject[] {
  return parts(processor).filter((part): part is JsonObject => isObject(part) && part.type === 'TemplateProcessing');
}

/** The items of a template that are special tokens before or after the text, by their place in the list. */
function specialsAt(items: readonly unknown[], { place }: Side): readonly number[] {
  const isText = (item: unknown): boolean => isObject(item) && isObject(item.Sequence);
  const border = place === 'before' ? items.findIndex(isText) : items.findLastIndex(isText);
  return [...items.keys()].filter((at) => (place === 'before' ? at < border : at > border));
}

function tokenAt(items: readonly unknown[], at: number): unknown {
  const item = items[at];
  return isObject(item) && isObject(item.SpecialToken) ? item.SpecialToken.id : undefined;
}

/** Without a known token, any special token on that side counts. */
function has({ single }: JsonObject, side: Side, token: string | undefined): boolean {
  const items = Array.isArray(single) ? single : [];
  return specialsAt(items, side).some((at) => token === undefined || tokenAt(items, at) === token);
}

/** The processor with its templates changed. */
function changed(processor: unknown, change: (template: JsonObject) => JsonObject): unknown {
  if (!isObject(processor)) return processor;
  if (processor.type === 'TemplateProcessing') return change(processor);
  if (processor.type !== 'Sequence' || !Array.isArray(processor.processors)) return processor;
  return { ...processor, processors: processor.processors.map((part) => changed(part, change)) };
}

function without(template: JsonObject, side: Side, token: string | undefined): JsonObject {
  const cut = (items: unknown): unknown => {
    if (!Array.isArray(items)) return items;
    const specials = specialsAt(items, side).filter((at) => token === undefined || tokenAt(items, at) === token);
    return items.filter((_, at) => !specials.includes(at));
  };
  return { ...template, single: cut(template.single), pair: cut(template.pair) };
}

function withToken(processor: unknown, { place }: Side, content: string, id: number): unknown {
  const item = { SpecialToken: { id: content, type_id: 0 } };
  const add = (items: unknown): unknown => {
    if (!Array.isArray(items)) return items;
    return place === 'before' ? [item, ...items] : [...items, item];
  };
  const entry = { [content]: { id: content, ids: [id], tokens: [content] } };
  const templates = templatesOf(processor);
  if (templates.length > 0)
    return changed(processor, (template) =>
      template === templates[0]
        ? {
            ...template,
            single: add(template.single),
            pair: add(template.pair),
            special_tokens: { ...(isObject(template.special_tokens) ? template.special_tokens : {}), ...entry },
          }
        : template,
    );
  const text = { Sequence: { id: 'A', type_id: 0 } };
  const template = {
    type: 'TemplateProcessing',
    single: add([text]),
    pair: add([text, { Sequence: { id: 'B', type_id: 1 } }]),
    special_tokens: entry,
  };
  if (processor === null) return template;
  return { type: 'Sequence', processors: [processor, template] };
}
