import { booleanOption, integerOption, type Option, optional, tokensOption } from '@tokenwright/core/options';

/** Options that several samplers have. */

/** `minKeep`: how many tokens a filter keeps at least. */
export const minKeep: Option<number, true> = integerOption({
  min: 1,
  default: 1,
  help: 'Keep at least this many tokens',
});

/** `window`: how many of the last tokens count. */
export const window: Option<number | 'all', true> = integerOption({
  min: 0,
  words: ['all'],
  default: 'all',
  help: 'How many of the last tokens count',
});

/** `countPrompt`: whether the prompt counts as part of the text. */
export function countPrompt(byDefault: boolean): Option<boolean, true> {
  return booleanOption({ default: byDefault, help: 'Whether the tokens of the prompt count' });
}

/** `eosTokenIds`: the ids that end the text, for stages that act on the end. */
export const eosTokenIds: Option<readonly number[] | undefined, true> = optional(
  tokensOption({ help: "Ids that count as the end; without them, the run's end tokens" }),
);
