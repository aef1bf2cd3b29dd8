import { type MaskSampler, ParameterError, type Tokenizer } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { checkIds, maskOf } from '../shared/token-ids.ts';
import { isReadable, vocabularyTexts } from './vocabulary.ts';

export interface TokenHealingOptions {
  /** The text with which the reply must begin. '' is off. */
  readonly text: string;
  /** What each token adds to a text, by id; see {@link vocabularyTexts}. */
  readonly texts: readonly string[];
}

/**
 * Make the reply begin with a text, in whichever tokens: while it is not complete, a token stays when its text continues
 * it, and it may run beyond. Tokens without text, such as end tokens, wait until it is complete (guidance; Hugging Face
 * `heal_tokens` asks one token to cover the whole text).
 *
 * With {@link healPrompt} it lets a model choose again how a prompt ends: 'http' + 's' where the prompt's own last token was
 * 'http'. A reply that went another way (a forced token) is left alone from there.
 */
export function tokenHealing(options: TokenHealingOptions): MaskSampler {
  checkOptionNames('tokenHealing', options, ['text', 'texts']);
  const { text, texts } = options;
  if (typeof text !== 'string') throw new ParameterError('tokenHealing', 'text', 'a string', text);
  if (!Array.isArray(texts)) throw new ParameterError('tokenHealing', 'texts', 'a list of strings', texts);
  let everything = new Uint32Array(0);
  const all = (vocabSize: number): Uint32Array => {
    const words = Math.ceil(vocabSize / 32);
    if (everything.length !== words) everything = new Uint32Array(words).fill(0xffff_ffff);
    return everything;
  };
  const masks = new Map<string, Uint32Array>();
  return {
    name: 'token-healing',
    parameters: { text },
    kind: 'constraint',
    traits: {
      keepsArgMax: text === '',
      narrows: true,
    },
    mask: ({ history, promptLength, vocabSize }) => {
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
}

/** A prompt that was made ready for {@link tokenHealing}. */
export interface HealedPrompt {
  /** The prompt without its last tokens. */
  readonly ids: readonly number[];
  /** The text that was taken away. '' when nothing was. */
  readonly text: string;
  /** Makes the reply begin with that text. */
  readonly sampler: MaskSampler;
}

/**
 * Take the last token off a prompt, to be chosen again with what follows it in view. A prompt cut in the middle of a word ends
 * with a token that is rare there, and a model continues it badly.
 *
 * Nothing is taken when the token has no text of its own (a control token, a part of a character) or is the only one.
 *
 * @param tokens how many to take, 1 by default.
 */
export function healPrompt(tokenizer: Tokenizer, ids: readonly number[], tokens = 1): HealedPrompt {
  const prompt = checkIds('healPrompt', 'ids', ids, 0);
  if (!Number.isInteger(tokens) || tokens < 0)
    throw new ParameterError('healPrompt', 'tokens', 'an integer of at least 0', tokens);
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

/** What of `text` the reply has not said yet; '' also when the reply says something else. */
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
