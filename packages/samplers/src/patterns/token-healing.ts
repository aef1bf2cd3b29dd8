import { defineSampler, type MaskSampler, type Tokenizer } from '@tokenwright/core';
import { checkInteger, checkTokenizer, checkTokens, type OptionsOf, textOption } from '@tokenwright/core/options';
import { maskOf } from '../shared/token-ids.ts';
import { texts } from '../shared/token-texts.ts';
import { isReadable, vocabularyTexts } from './vocabulary.ts';

const options = {
  /** The text with which the reply must begin. '' is off. */
  text: textOption({ off: '', help: 'The text with which the reply must begin' }),
  /** The text that each token adds, by id; see {@link vocabularyTexts}. */
  texts,
};

export type TokenHealingOptions = OptionsOf<typeof options>;

/**
 * Make the reply begin with a text, in whichever tokens: while the text is not complete, a token stays when its own text
 * continues it; it may extend beyond. Tokens without text, such as end tokens, are removed until it is complete. (In
 * Hugging Face's `heal_tokens` one token must cover the whole text.)
 *
 * With {@link healPrompt} a model chooses the end of the prompt again: 'https' where the prompt's own last token was
 * 'http'. A reply that differs from the text (a forced token) is not constrained from there on.
 *
 * @see guidance, token healing
 * @example
 * ```ts
 * tokenHealing({ text: 'http', texts: vocabularyTexts(tokenizer) });
 * ```
 */
export const tokenHealing = defineSampler({
  name: 'token-healing',
  summary: 'Make the reply begin with a text, in whichever tokens',
  source: 'guidance, token healing',
  kind: 'constraint',
  options,
  create({ text, texts }) {
    let everything = new Uint32Array(0);
    const all = (vocabSize: number): Uint32Array => {
      const words = Math.ceil(vocabSize / 32);
      if (everything.length !== words) everything = new Uint32Array(words).fill(0xffff_ffff);
      return everything;
    };
    const masks = new Map<string, Uint32Array>();
    return {
      traits: { keepsArgMax: text === '', narrows: true },
      mask({ history, promptLength, vocabSize }) {
        const rest = restOf(text, history.tokens.subarray(promptLength), texts);
        if (rest === '') return all(vocabSize);
        const key = `${vocabSize} ${rest}`;
        let mask = masks.get(key);
        if (mask === undefined) {
          const ids: number[] = [];
          for (let id = 0; id < Math.min(vocabSize, texts.length); id++) {
            const word = texts[id];
            if (isReadable(word) && (word.startsWith(rest) || rest.startsWith(word))) ids.push(id);
          }
          mask = maskOf(ids, vocabSize);
          masks.set(key, mask);
        }
        return mask;
      },
    };
  },
});

/** A prompt prepared for {@link tokenHealing}. */
export interface HealedPrompt {
  /** The prompt without its last tokens. */
  readonly ids: readonly number[];
  /** The text that was removed; '' when nothing was. */
  readonly text: string;
  /** Makes the reply begin with that text. */
  readonly sampler: MaskSampler;
}

/**
 * Remove the last token of a prompt, so that the model chooses it again together with its continuation. A prompt cut in the
 * middle of a word ends with a token that is rare there, and a model continues it badly.
 *
 * Nothing is removed when the token has no text of its own (a control token, a part of a character) or is the only one.
 *
 * @param tokens how many to remove. Default 1.
 * @example
 * ```ts
 * const { ids, sampler } = healPrompt(tokenizer, tokenizer.encode('The link is http'));
 * generate(model, ids, { samplers: [sampler, ...samplers] });
 * ```
 */
export function healPrompt(tokenizer: Tokenizer, ids: readonly number[], tokens = 1): HealedPrompt {
  checkTokenizer('healPrompt', tokenizer);
  const prompt = checkTokens('healPrompt', 'ids', ids);
  checkInteger('healPrompt', 'tokens', tokens, 0);
  const texts = vocabularyTexts(tokenizer);
  let count = 0;
  let text = '';
  while (count < tokens && count + 1 < prompt.length) {
    const word = texts[prompt[prompt.length - 1 - count]!];
    if (!isReadable(word)) break;
    text = word + text;
    count++;
  }
  return { ids: prompt.slice(0, prompt.length - count), text, sampler: tokenHealing({ text, texts }) };
}

/** The part of `text` that the reply does not contain yet; '' also when the reply differs from it. */
function restOf(text: string, reply: Int32Array, texts: readonly string[]): string {
  let rest = text;
  for (const id of reply) {
    if (rest === '') return '';
    const word = texts[id] ?? '';
    if (word === '' || !rest.startsWith(word)) return '';
    rest = rest.slice(word.length);
  }
  return rest;
}
