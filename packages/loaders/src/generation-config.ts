import { LoadError, type ModelDefaults } from '@tokenwright/core';
import { checkInteger } from '@tokenwright/core/options';
import { checkJsonObject } from './sources/check-sources.ts';
import { type JsonObject, shownJson } from './sources/json.ts';

/**
 * What generation_config.json says that holds for every way of decoding. Where it is silent, config.json is asked, as older
 * checkpoints have these keys there. Sampling parameters (`temperature`, `top_p`, `num_beams` …) are left to presets.
 *
 * @param vocabSize ids from here on can never be generated and are left out.
 * @param tokenizerEnds ids that end a text by the tokenizer's files; they are added to `eos_token_id`.
 * @throws LoadError for a value of the wrong kind.
 */
export function readDefaults(
  generation: JsonObject,
  config: JsonObject,
  vocabSize: number,
  tokenizerEnds: readonly number[] = [],
): ModelDefaults {
  checkJsonObject('readDefaults', 'generation', generation);
  checkJsonObject('readDefaults', 'config', config);
  checkInteger('readDefaults', 'vocabSize', vocabSize, 1);
  const read = <T>(key: string, check: (value: unknown) => T | undefined, expected: string): T | undefined => {
    for (const [file, json] of [
      ['generation_config.json', generation],
      ['config.json', config],
    ] as const) {
      const value = json[key] ?? undefined;
      if (value === undefined) continue;
      const checked = check(value);
      if (checked === undefined) throw new LoadError(file, `must be ${expected}, but is ${shownJson(value)}`, key);
      return checked;
    }
    return undefined;
  };
  const ids = (key: string): readonly number[] | undefined => {
    const all = read(key, asIds, 'a token id or a list of token ids')?.filter((id) => id < vocabSize);
    return all?.length === 0 ? undefined : all;
  };
  const ends = [...new Set([...(ids('eos_token_id') ?? []), ...tokenizerEnds.filter((end) => end < vocabSize)])];
  const id = (key: string): number | undefined => {
    const only = (value: unknown): number | undefined => (asIds(value)?.length === 1 ? asIds(value)![0] : undefined);
    const value = read(key, only, 'one token id');
    return value !== undefined && value < vocabSize ? value : undefined;
  };
  const count = (key: string): number | undefined =>
    read(
      key,
      (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined),
      'a count of tokens',
    );

  const defaults: { -readonly [K in keyof ModelDefaults]: ModelDefaults[K] | undefined } = {
    eosTokenIds: ends.length === 0 ? undefined : ends,
    decoderStartTokenIds: ids('decoder_start_token_id') ?? ids('bos_token_id'),
    forcedBosTokenId: id('forced_bos_token_id'),
    forcedEosTokenId: id('forced_eos_token_id'),
    maxNewTokens: count('max_new_tokens'),
    maxLength: count('max_length'),
    minNewTokens: count('min_new_tokens'),
    minLength: count('min_length'),
  };
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined)) as ModelDefaults;
}

function asIds(value: unknown): readonly number[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  return list.every((id) => Number.isSafeInteger(id) && id >= 0) ? list : undefined;
}
