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

/** Patterns that cut one after the other: each cuts what the ones before it left in one piece. */
const oneCut = (...patterns: string[]): PreTokenizer => ({ steps: patterns.map(isolated) });
const byContraction = `(?:${contraction})`;
/** Runs of letters with their marks, and of signs, as DeepSeek-V3 cuts them. */
const lettersAndSigns = (breaks: string): string =>
  `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+${breaks}|${space}+(?!${notSpace})|${space}+`;
const kana = '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+';
const signsOfFalcon = '\\p{P}\\$\\+<=>\\^~\\|';

const gpt2 = oneCut(gpt2Words);
const digitsThenGpt2 = oneCut('\\p{N}', gpt2Words);
const cl100k = oneCut(cl100kWords('\\p{N}{1,3}'));
const llama3: PreTokenizer = { ...cl100k, ignoreMerges: true, beginToken: true };
const qwen2 = oneCut(cl100kWords('\\p{N}'));
const tekken: PreTokenizer = { ...oneCut(casedWords('', '\\p{N}')), ignoreMerges: true, beginToken: true };
const gpt4o = oneCut(casedWords(`${byContraction}?`, '\\p{N}{1,3}'));
const deepseek3 = oneCut('\\p{N}{1,3}', kana, lettersAndSigns(`[\\r\\n]*|${space}*[\\r\\n]+`));
const bloom = oneCut(` ?[^(${space}|.,!?…。，、।۔،)]+`);
const bailing = oneCut(
  `'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*|${space}*[\\r\\n]|${space}+(?!${notSpace})|${space}+`,
);
/** What llama.cpp takes for files of 2023, which name no cut. */
const unnamed = oneCut(`[${signsOfFalcon}]+`, gpt2Words, '\\p{N}+', '[0-9][0-9][0-9]');

/** Names of `tokenizer.ggml.pre` by the cut that they mean. */
const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map<string, PreTokenizer>(
  (
    [
      [
        'gpt-2 phi-2 mpt olmo jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum modern-bert jina-es jina-de jina-v2-es jina-v2-de',
        gpt2,
      ],
      ['smollm starcoder refact codeshell command-r exaone minerva-7b mellum2', digitsThenGpt2],
      ['llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano', llama3],
      ['dbrx smaug-bpe chatglm-bpe glm4', cl100k],
      ['qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2', qwen2],
      [
        'qwen35',
        oneCut(
          `${byContraction}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^${space}\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${space}*[\\r\\n]+|${space}+(?!${notSpace})|${space}+`,
        ),
      ],
      ['tekken', tekken],
      ['gpt-4o llama4 kanana2 talkie minimax-m2', gpt4o],
      ['tiny_aya cohere2moe', oneCut('\\d{1,3}(?=(?:\\d{3})*\\b)', casedWords(`${byContraction}?`, '\\p{N}{1,3}'))],
      ['deepseek-v3 hunyuan-dense joyai-llm hy_v4', deepseek3],
      [
        'deepseek-coder',
        oneCut(
          '[\\r\\n]',
          `${space}?\\p{L}+`,
          `${space}?\\p{P}+`,
          '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+',
          '\\p{N}',
        ),
      ],
      ['falcon', oneCut(`[${signsOfFalcon}\`]+`, gpt2Words, '[0-9][0-9][0-9]')],
      ['bloom poro-chat gpt3-finnish', bloom],
      ['viking', { steps: [...bloom.steps, isolated('\\p{N}')] }],
      ['bailingmoe bailingmoe2 llada-moe', bailing],
      [
        'seed-coder',
        oneCut(
          `${byContraction}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^${space}\\p{L}\\p{N}\\r\\n]+|${space}*[\\r\\n]+|${space}+(?!${notSpace})|${space}+`,
        ),
      ],
      ['laguna', oneCut('[^\\n]+|[\\n]+', cl100kWords('\\p{N}'))],
      ['minicpm5', { ...oneCut('\\p{N}{1,3}', cl100kWords('\\p{N}+')), ignoreMerges: true }],
      ['default', unnamed],
    ] as const
  ).flatMap(([names, cut]) => names.split(' ').map((name): [string, PreTokenizer] => [name, cut])),
);

/**
 * The cut that a file names.
 *
 * @param name `tokenizer.ggml.pre`; files of 2023 have none, which means 'default', except for GPT-2 and GPT-NeoX, whose own cut is
 * known.
 * @returns a LoadError for a name that is not known: such a file can be inspected, and loaded with another tokenizer.
 */
export function preTokenizerOf(file: string, name: string | undefined, architecture: string): PreTokenizer | LoadError {
  if ((name === undefined || name === 'default') && (architecture === 'gpt2' || architecture === 'gptneox'))
    return gpt2;
  const known = preTokenizers.get(name ?? 'default');
  if (known !== undefined) return known;
  return new LoadError(
    file,
    `'${name}' is not known; known: ${[...preTokenizers.keys()].join(', ')}. Give the tokenizer of the original model: load(file, { tokenizer: await loadTokenizer(folder) })`,
    'tokenizer.ggml.pre',
  );
}
