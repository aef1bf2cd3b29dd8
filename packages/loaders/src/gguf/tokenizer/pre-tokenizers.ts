import { LoadError } from '@tokenwright/core';
import type { JsonObject } from '../../sources/json.ts';

/** How a byte-level BPE tokenizer cuts a text into words before it merges. */
export interface PreTokenizer {
  /** Parts of tokenizer.json that cut, without the step to bytes. */
  readonly steps: readonly JsonObject[];
  /** A word that is a token is taken whole, whatever the merges would give. */
  readonly ignoreMerges?: boolean;
  /** A text begins with the begin token unless the file says otherwise. */
  readonly beginToken?: boolean;
}

/** White space as Unicode has it; JavaScript's `\s` also holds U+FEFF and lacks U+0085. */
const space = '\\p{White_Space}';
const notSpace = '\\P{White_Space}';
const contraction = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";

/** GPT-2's words (Radford et al. 2019): letters, digits or signs, each with a space in front. */
const gpt2Words = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|${space}+(?!${notSpace})|${space}+`;

/** The words of OpenAI's cl100k (2023), which Llama 3, Qwen 2 and others use; `digits` is how many digits form one word. */
const cl100kWords = (digits: string): string =>
  `(?:${contraction})|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*|${space}*[\\r\\n]+|${space}+(?!${notSpace})|${space}+`;

/** Words that begin with capitals or hold none, as Mistral's tekken and OpenAI's o200k cut them. */
const casedWords = (contractions: string, digits: string): string => {
  const [upper, lower] = ['\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}', '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}'];
  const first = '[^\\r\\n\\p{L}\\p{N}]?';
  return `${first}[${upper}]*[${lower}]+${contractions}|${first}[${upper}]+[${lower}]*${contractions}|${digits}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n/]*|${space}*[\\r\\n]+|${space}+(?!${notSpace})|${space}+`;
};

const isolated = (pattern: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

const gpt2: PreTokenizer = { steps: [isolated(gpt2Words)] };
const digitsThenGpt2: PreTokenizer = { steps: [isolated('\\p{N}'), isolated(gpt2Words)] };
const llama3: PreTokenizer = {
  steps: [isolated(cl100kWords('\\p{N}{1,3}'))],
  ignoreMerges: true,
  beginToken: true,
};
const qwen2: PreTokenizer = { steps: [isolated(cl100kWords('\\p{N}'))] };
const tekken: PreTokenizer = { steps: [isolated(casedWords('', '\\p{N}'))], ignoreMerges: true, beginToken: true };
const gpt4o: PreTokenizer = { steps: [isolated(casedWords(`(?:${contraction})?`, '\\p{N}{1,3}'))] };

/** By `tokenizer.ggml.pre`. Names that mean the same cut share one. */
const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map<string, PreTokenizer>([
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  ['mpt', gpt2],
  ['olmo', gpt2],
  ['smollm', digitsThenGpt2],
  ['starcoder', digitsThenGpt2],
  ['refact', digitsThenGpt2],
  ['codeshell', digitsThenGpt2],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['llama-bpe', llama3],
  ['falcon3', llama3],
  ['dbrx', { steps: llama3.steps }],
  ['smaug-bpe', { steps: llama3.steps }],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['megrez', qwen2],
  ['stablelm2', qwen2],
  ['tekken', tekken],
  ['gpt-4o', gpt4o],
]);

/**
 * The cut that a file names.
 *
 * @param name `tokenizer.ggml.pre`; files of 2023 have none.
 * @throws LoadError for a name that is not known, and for 'default' or none unless the model is GPT-2's: those stand for a cut
 * that nobody wrote down, and another cut gives other tokens.
 */
export function preTokenizerOf(file: string, name: string | undefined, architecture: string): PreTokenizer {
  if ((name === undefined || name === 'default') && (architecture === 'gpt2' || architecture === 'gptneox'))
    return gpt2;
  const known = name === undefined ? undefined : preTokenizers.get(name);
  if (known !== undefined) return known;
  throw new LoadError(
    file,
    `${name === undefined ? 'is missing, so that nobody can tell how a text is cut' : `'${name}' is not known`}; known: ${[...preTokenizers.keys()].join(', ')}. Give a tokenizer of the original model, or convert it again`,
    'tokenizer.ggml.pre',
  );
}
