import { checkInteger } from '../check/check.ts';
import { checkIds } from '../check/lists.ts';
import { readOptions } from '../check/read-options.ts';
import { checkSamplers } from '../sampling/check-samplers.ts';
import type { ModelDefaults } from './language-model.ts';

/** The check of each default. A `Record`, so that a name that is missing here is a compile error. */
const checks: Readonly<
  Record<keyof ModelDefaults, (owner: string, name: string, value: unknown, size: number) => unknown>
> = {
  eosTokenIds: checkIds,
  maxNewTokens: (owner, name, value) => checkInteger(owner, name, value, 0),
  maxLength: (owner, name, value) => checkInteger(owner, name, value, 1),
  minLength: (owner, name, value) => checkInteger(owner, name, value, 0),
  minNewTokens: (owner, name, value) => checkInteger(owner, name, value, 0),
  decoderStartTokenIds: checkIds,
  forcedBosTokenId: idOrNull,
  forcedEosTokenId: idOrNull,
  samplers: checkSamplers,
};

/**
 * The defaults that a caller gives a model.
 *
 * @throws UnknownOptionError, ParameterError.
 */
export function checkDefaults(owner: string, given: ModelDefaults, vocabSize: number): ModelDefaults {
  const defaults: Record<string, unknown> = {};
  const names = Object.keys(checks) as (keyof ModelDefaults)[];
  const read = readOptions(`${owner}: defaults`, given, names, 'defaults');
  for (const name of names)
    if (read[name] !== undefined) defaults[name] = checks[name](`${owner}: defaults`, name, read[name], vocabSize);
  return defaults;
}

function idOrNull(owner: string, name: string, value: unknown, vocabSize: number): number | null {
  return value === null ? null : checkInteger(owner, name, value, 0, vocabSize - 1);
}
