import { isControlToken, type Tokenizer } from '@tokenwright/core';

/**
 * Comes before the spelling of a special token in a text, so that a text that spells the token out is not the token. It is a
 * control character that JSON does not allow inside texts. Where a model writes the character itself, it is left out.
 */
export const tokenMark = '\u0010';

export function withoutMarks(text: string): string {
  return text.replaceAll(tokenMark, '');
}

/** The special tokens of a format in one vocabulary. Those that are ordinary text there are not among them. */
export class MarkedTokens {
  /** The spelling of each token, without a mark, by id. */
  readonly texts: ReadonlyMap<number, string>;
  /** The same tokenizer, but the tokens are texts with a mark, which are not left out. */
  readonly tokenizer: Tokenizer;
  readonly #pattern: RegExp | undefined;

  constructor(tokenizer: Tokenizer, texts: readonly string[]) {
    const found = new Map<number, string>();
    for (const text of texts) {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      const [id] = ids;
      if (ids.length !== 1 || !isControlToken(tokenizer, id!)) continue;
      if (tokenizer.decode(ids, { skipSpecialTokens: false }) === text) found.set(id!, text);
    }
    this.texts = found;
    const longestFirst = [...found.values()].sort((a, b) => b.length - a.length);
    this.#pattern =
      found.size === 0
        ? undefined
        : new RegExp(longestFirst.map((text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'gu');
    this.tokenizer = markingTokenizer(tokenizer, found);
  }

  /** A text with its special tokens marked, as `tokenizer` decodes them. */
  spell(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, (token) => tokenMark + token);
  }

  /** The same for every text in a declaration. */
  spellAll<Data>(data: Data): Data {
    if (typeof data === 'string') return this.spell(data) as Data;
    if (Array.isArray(data)) return data.map((item: unknown) => this.spellAll(item)) as Data;
    if (typeof data !== 'object' || data === null) return data;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, this.spellAll(value)])) as Data;
  }
}

function markingTokenizer(tokenizer: Tokenizer, texts: ReadonlyMap<number, string>): Tokenizer {
  const controls = new Map<number, boolean>();
  const isControl = (id: number): boolean => {
    let known = controls.get(id);
    if (known === undefined) {
      known = isControlToken(tokenizer, id);
      controls.set(id, known);
    }
    return known;
  };
  return {
    vocabSize: tokenizer.vocabSize,
    encode: (text, options) => tokenizer.encode(text, options),
    decode(ids, options = {}) {
      const all = Array.from(ids);
      let text = '';
      let from = 0;
      for (let at = 0; at <= all.length; at++) {
        const token = at < all.length ? texts.get(all[at]!) : '';
        if (token === undefined) continue;
        const run = all.slice(from, at);
        // After a token, as some decoders drop a space at the beginning.
        const before = from > 0 ? texts.get(all[from - 1]!)! : '';
        if (before === '') text += withoutMarks(tokenizer.decode(run, options));
        else {
          const shown = options.skipSpecialTokens === false ? run : run.filter((id) => !isControl(id));
          const spelled = tokenizer.decode([all[from - 1]!, ...shown], { skipSpecialTokens: false });
          text += withoutMarks(
            spelled.startsWith(before) ? spelled.slice(before.length) : tokenizer.decode(run, options),
          );
        }
        if (at < all.length) text += tokenMark + token;
        from = at + 1;
      }
      return text;
    },
  };
}
