import { isObject, type JsonObject } from './json.ts';

/**
 * Spellings of the control tokens that end a text, a turn or a message, whatever a model's files say. The list is that of
 * llama.cpp (`src/llama-vocab.cpp`, end-of-generation tokens), which ends at all that a vocabulary has.
 */
const spellings: readonly string[] = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|flush|>',
  '<|calls|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '</s>',
  '<|eom_id|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '<｜end▁of▁sentence｜>',
  '[e~[',
  // Padding, and what separates files, in models that fill in the middle of code.
  '<|fim_pad|>',
  '<fim-pad>',
  '<fim_pad>',
  '<PAD>',
  '[PAD]',
  '<|fim_repo|>',
  '<|repo_name|>',
  '<fim-repo>',
  '<REPO>',
  '<reponame>',
  '<|file_sep|>',
];

/** Tokens that do not end a text where all of the others exist: the end of a part of a message, and strikethrough. */
const exceptions: readonly (readonly [token: string, others: readonly string[]])[] = [
  ['<|end|>', ['<|return|>', '<|call|>']],
  ['<|end|>', ['<|flush|>', '<|call|>']],
  ['<|end|>', ['<|flush|>', '<|calls|>']],
  ['</s>', ['<|tool_response>']],
];

/**
 * The tokens of a vocabulary that are known to end a text.
 *
 * @param idOf the id of a token by its spelling; undefined when the vocabulary has none.
 */
export function knownEndTokens(
  idOf: (token: string) => number | undefined,
): { readonly token: string; readonly id: number }[] {
  return spellings.flatMap((token) => {
    const id = idOf(token);
    const isExcepted = exceptions.some(
      ([one, others]) => one === token && others.every((other) => idOf(other) !== undefined),
    );
    return id === undefined || isExcepted ? [] : [{ token, id }];
  });
}

/**
 * Ids that end a text by the tokenizer's files: its `eos_token`, and the known ones.
 *
 * @param json contents of tokenizer.json.
 * @param config contents of tokenizer_config.json.
 */
export function endTokensOf(json: JsonObject, config: JsonObject): readonly number[] {
  const own = textOf(config.eos_token);
  const ids = tokenIds(json, own === undefined ? spellings : [own, ...spellings]);
  const all = [
    own === undefined ? undefined : ids.get(own),
    ...knownEndTokens((token) => ids.get(token)).map(({ id }) => id),
  ];
  return [...new Set(all.filter((id) => id !== undefined))];
}

/** A token of tokenizer_config.json: its spelling, or an object with its content. */
export function textOf(token: unknown): string | undefined {
  const text = isObject(token) ? token.content : token;
  return typeof text === 'string' ? text : undefined;
}

/** Ids of these tokens in the vocabulary and the added tokens. What is damaged is left to the check of the tokenizer. */
function tokenIds({ model, added_tokens: added }: JsonObject, wanted: readonly string[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const isWanted = new Set<unknown>(wanted);
  const add = (token: unknown, id: unknown): void => {
    if (isWanted.has(token) && Number.isSafeInteger(id)) ids.set(token as string, id as number);
  };
  const vocab = isObject(model) ? model.vocab : undefined;
  if (Array.isArray(vocab))
    for (const [id, entry] of vocab.entries()) add(Array.isArray(entry) ? entry[0] : undefined, id);
  else if (isObject(vocab)) for (const token of wanted) if (Object.hasOwn(vocab, token)) add(token, vocab[token]);
  if (Array.isArray(added)) for (const token of added) if (isObject(token)) add(token.content, token.id);
  return ids;
}
