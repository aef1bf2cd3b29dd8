import type { Tokenizer } from '@tokenwright/core';
import { badWordTokens, dryBreakers } from '@tokenwright/samplers';

type Spelling = (text: string, tokenizer: Tokenizer) => unknown;

/**
 * Texts that stand for more than the kind of an option says, by sampler and option. Every other option is read by its kind;
 * undefined leaves a text to that, too.
 */
export const spellings: Readonly<Record<string, Readonly<Record<string, Spelling>>>> = {
  // A word is written with and without a space before it.
  'bad-words': { words: (text, tokenizer) => (text.startsWith('[') ? undefined : badWordTokens(tokenizer, [text])) },
  dry: { breakers: (text, tokenizer) => (text === 'usual' ? dryBreakers(tokenizer) : undefined) },
  'sequence-bias': { sequences: biasedText },
};

/** What an option is when the command line leaves it out, as text, where the library has no default. */
export const usual: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'thinking-budget': { start: '<think>', end: '</think>' },
};

/** Names that a sampler had before. */
export const formerNames: Readonly<Record<string, readonly string[]>> = { 'kgw-watermark': ['green-list'] };

/** Help for these spellings. */
export const spellingHelp: Readonly<Record<string, string>> = {
  'bad-words': 'A text counts with and without a space before it.',
  dry: 'breakers=usual: line breaks, colons, quotes and asterisks.',
  'sequence-bias': 'TEXT=X adds X to the last token of the text after the rest of it.',
  'thinking-budget': 'Without start and end: <think> and </think>.',
};

/** 'TEXT=X' */
function biasedText(text: string, tokenizer: Tokenizer): unknown {
  if (text.startsWith('[')) return undefined;
  const at = text.lastIndexOf('=');
  const [words, bias] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()];
  const tokens = tokenizer.encode(words, { addSpecialTokens: false });
  return [{ tokens, bias: bias === '-Infinity' ? bias : bias === '' ? Number.NaN : Number(bias) }];
}
