/**
 * The patterns of llama.cpp 0.5.0 (`llama-vocab.cpp` and `unicode.cpp`, 2026-09-28), by which it cuts a text into words. They are
 * written for Unicode here. llama.cpp matches a text in which every character beyond ASCII is one mark for its class, so that upper
 * and lower case are one, and literal ranges do not hold white space.
 */

/** White space as Unicode has it; JavaScript's `\s` also holds U+FEFF and lacks U+0085. */
const space = '\\p{White_Space}';
const notSpace = '\\P{White_Space}';
/** A run of spaces, of which the last stays with the word after it. */
const spaces = `${space}+(?!${notSpace})|${space}+`;
const contraction = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";
/** What may be in front of letters. */
const before = '[^\\r\\n\\p{L}\\p{N}]?';
/** Signs with the line breaks after them. */
const signs = ` ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*`;
const lineBreaks = `${space}*[\\r\\n]+`;

/** Literal characters from inclusive ranges of hexadecimal code points. */
const characters = (ranges: string): string =>
  ranges
    .split(/\s+/)
    .map((range) => range.split('-').map((code) => String.fromCodePoint(Number.parseInt(code, 16))))
    .map((ends) => ends.join('-'))
    .join('');

/** What later versions up to 17.0 define, with code points around it that are not defined. */
const afterUnicode15 = characters(
  `88f 897 c5c cdc 1acf-1aeb 1b4e-1b4f 1b7f 1c89-1c8a 20c1 2427-2429 2b96 31e4-31e5 a7cb-a7cf a7d2 a7d4 a7da-a7f1 fbc3-fbd2
  fd90-fd91 fdc8-fdce 105c0-105f3 10940-10959 10d40-10d8f 10ec2-10efc 11380-113e2 116d0-116e3 11b60-11bf9 11db0-11de9 11f5a
  13460-143fa 16100-16139 16d40-16d79 16ea0-16ed3 16ff2-16ff6 187f8-187ff 18cff 18d09-18df2 1cc00-1cef0 1e5d0-1e6ff 1f6d8
  1f777-1f77a 1f8b2-1f8d8 1fa54-1fa57 1fa89-1fa8f 1fabe 1fac6-1facd 1fadc-1fadf 1fae9-1faef 1fbcb-1fbef 1fbfa 2b73a-2b73f
  2cea2-2cead 323b0-33479`,
);

/** A pattern with the letters, marks, numbers and signs of Unicode 15.0, as llama.cpp's tables have them, in every engine. */
export const inUnicode15 = (pattern: string): string =>
  pattern.replace(/\\(p|P)(\{[LMNPS]\})/g, (property, positive) =>
    positive === 'p' ? `[${property}&&[^${afterUnicode15}]]` : `[${property}${afterUnicode15}]`,
  );

/** An optional contraction after a word. */
export const suffix: string = `(?:${contraction})?`;

/** GPT-2's words (Radford et al. 2019): letters, digits or signs, each with a space in front. */
export const gpt2Words: string = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|${spaces}`;

/** The words of OpenAI's cl100k (2023) but for contractions; `digits` is how many digits form one word. */
export const wordsWithoutContractions = (digits: string): string =>
  `${before}\\p{L}+|${digits}|${signs}|${lineBreaks}|${spaces}`;

/** The words of OpenAI's cl100k (2023), which Llama 3, Qwen 2 and others use. */
export const cl100kWords = (digits: string): string => `(?:${contraction})|${wordsWithoutContractions(digits)}`;

/** Of cl100k, with runs of spaces by powers of two. */
export const jais2Words: string = `(?:${contraction})|${before}\\p{L}+|\\p{N}{1,3}|${signs}|${lineBreaks}|${[
  ...['{512}', '{256}', '{128}', '{64}', '{32}', '{16}', '{8}', '{4}', '{1,2}'].map(
    (count) => `${space}${count}(?!${notSpace})`,
  ),
  space,
].join('|')}`;

/** Of cl100k, with marks as parts of words. */
export const qwen35Words: string = `${contraction}|${before}[\\p{L}\\p{M}]+|\\p{N}| ?[^${space}\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${lineBreaks}|${spaces}`;

export const bailingWords: string = `'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|${before}\\p{L}+|\\p{N}|${signs}|${space}*[\\r\\n]|${spaces}`;

export const seedCoderWords: string = `${contraction}|${before}\\p{L}+|\\p{N}| ?[^${space}\\p{L}\\p{N}\\r\\n]+|${lineBreaks}|${spaces}`;

/** Words that single spaces join to one. */
export const exaoneMoeWords: string = `(?:${contraction})|${before}(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^${space}\\p{L}\\p{N}]+[\\r\\n/]?|${space}*[\\r\\n]|${spaces}`;

const signsWithSlashes = ` ?[^${space}\\p{L}\\p{N}]+[\\r\\n/]*`;

/** Words parted before capitals of ASCII; other letters count as capital and small. `letters` is the inside of a class. */
export const casedWords = (letters: string, suffixes: string, digits: string): string => {
  const [upper, lower] = [`[${letters}&&[^a-z]]`, `[${letters}&&[^A-Z]]`];
  return `${before}${upper}*${lower}+${suffixes}|${before}${upper}+${lower}*${suffixes}|${digits}|${signsWithSlashes}|${lineBreaks}|${spaces}`;
};

/** Words of letters and marks, whatever their case. */
export const markedWords = (digits: string): string =>
  `${before}[\\p{L}\\p{M}]+${suffix}|${digits}|${signsWithSlashes}|${lineBreaks}|${spaces}`;

const han = characters('4e00-9fff 3400-4dbf 20000-2a6df 2a700-2ebef f900-faff 2f800-2fa1f');
/** Runs of Chinese characters, and words of other letters. */
export const kimiWords: string = `[${han}]+|${before}[\\p{L}&&[^${han}]]+${suffix}|\\p{N}{1,3}|${signs}|${lineBreaks}|${spaces}`;

/** Groups of three digits from the right. The first takes what is before it. */
export const digitGroups: string = '\\P{N}*\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))';

/** Up to a place where groups of three digits remain. */
export const beforeThousands: string = '\\p{N}+?(?=(?:[0-9]{3})+(?![0-9]))';

export const lines: string = '[^\\n]+|\\n+';

export const kana: string = `[${characters('4e00-9fa5 3040-30ff')}]+`;
const cjk = `[[${characters('800-9fa5 ac00-d7ff')}]&&${notSpace}]+`;

export const asianScripts: string = `[${characters(
  '4e00-9fff 3400-4dbf 8c48-faff 3040-30ff ff65-ff9f 2f00-2fdf e40-eff 1780-17ff 1000-109f aa60-aa7f a9e0-a9ff 1100-11ff',
)}]+`;

export const youtuScripts: string = [
  characters('ac00-d7a3 3131-318e'),
  characters('ff01 2026 201c 201d 2018 2019 2014 ff1a ff1b ff0c 3001-303f fe30-fe4f'),
  characters('3105-312f'),
  characters('4e00-9fa5 3040-30ff'),
]
  .map((script) => `[${script}]+`)
  .join('|');

/** Runs of letters with their marks, and of signs, as DeepSeek-V3 cuts them. */
export const lettersAndSigns = (breaks: string): string =>
  `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+${breaks}|${spaces}`;
export const signBreaks: string = `[\\r\\n]*|${lineBreaks}`;

export const falconSigns: string = '\\p{P}\\$\\+<=>\\^~\\|';
export const bloomWords: string = ` ?[^(${space}|.,!?…。，、।۔،)]+`;

export const deepseekCoderParts: readonly string[] = [
  '[\\r\\n]',
  `${space}?\\p{L}+`,
  `${space}?\\p{P}+`,
  cjk,
  '\\p{N}',
];

/** Letters of the Latin, Greek, Cyrillic, Armenian, Georgian, Cherokee, Coptic, Glagolitic and a few other alphabets. */
const alphabets = characters(
  `41-5a 61-7a b5 c0-d6 d8-f6 f8-1ba 1bc-1bf 1c4-293 295-2af 370-373 376 377 37b-37d 37f 386 388-38a 38c 38e-3a1 3a3-3f5
  3f7-481 48a-52f 531-556 10a0-10c5 13a0-13f5 13f8-13fd 1c90-1cba 1cbd-1cbf 1d00-1d2b 1d6b-1d77 1d79-1d9a 1e00-1f15 1f18-1f1d
  1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fbc 1fbe 1fc2-1fc4 1fc6-1fcc 1fd0-1fd3 1fd6-1fdb
  1fe0-1fec 1ff2-1ff4 1ff6-1ffc 2102 2107 210a-2113 2115 2119-211d 2124 2126 2128 212a-212d 212f-2134 2139 213c-213f 2145-2149
  214e 2183 2184 2c00-2c7b 2c7e-2ce4 2ceb-2cee 2cf2 2cf3 a640-a66d a680-a69b a722-a76f a771-a787 a78b-a78e ab70-abbf fb00-fb06
  fb13-fb17 ff21-ff3a ff41-ff5a 10400-1044f 104b0-104d3 104d8-104fb 10c80-10cb2 10cc0-10cf2 118a0-118df 1e900-1e943`,
);
export const deepseekLlmParts: readonly string[] = [
  '[\\r\\n]',
  `${space}?[${alphabets}]+`,
  `${space}?[${characters('21-2f 3a-7e ff01-ff0f ff1a-ff5e 2018-201f 3001-3002')}]+`,
  `${space}+\\z`,
  cjk,
  '\\p{N}+',
];

/** Chameleon's tokens of images, spaces by twos and fours, digits and signs one by one, then GPT-2's words. */
export const chameleonParts: readonly string[] = [
  '<sentinel:[0-9]+>',
  'IMGIMG[A-I]{1,4}Z',
  '[\\t\\n]|    |  ',
  '\\p{N}',
  '[\\p{P}!-/:-@\\[-`{-~]',
  gpt2Words,
];
