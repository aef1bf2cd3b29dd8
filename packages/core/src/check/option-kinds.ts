import { ParameterError, UnknownOptionError } from '../errors.ts';
import { checkNumber } from './check.ts';
import { checkList, checkTokens, tokensAllowed } from './lists.ts';
import type { Option, OptionKind } from './option.ts';

interface Common<Value> {
  readonly help: string;
  /** What is allowed, in the words of the error, where the builder does not know it. */
  readonly allowed?: string;
  readonly off?: Value;
  readonly suggested?: Value;
}

interface Defaulted<Value> extends Common<Value> {
  readonly default: Value;
}

interface Bounds {
  /** Smallest value; `above` excludes the bound itself. */
  readonly min?: number;
  readonly above?: number;
  /** Largest value; `below` excludes the bound itself. */
  readonly max?: number;
  readonly below?: number;
}

/** A finite number. */
export function numberOption(spec: Defaulted<number> & Bounds): Option<number, true>;
export function numberOption(spec: Common<number> & Bounds): Option<number, false>;
export function numberOption(spec: (Defaulted<number> | Common<number>) & Bounds): Option<number> {
  const { allowed = describeBounds('a number', spec) } = spec;
  return make('number', spec, (owner, name, value) => checkNumber(owner, name, value, allowed, within(spec)), {
    min: spec.min ?? spec.above,
    max: spec.max ?? spec.below,
    allowed,
  });
}

interface IntegerBounds extends Pick<Bounds, 'min' | 'max'> {
  /** Also accept Infinity. */
  readonly infinite?: boolean;
}

interface Words<Word extends string> {
  /** Words that are accepted in place of an integer, such as 'all'. */
  readonly words: readonly Word[];
}

/** An integer, or one of a few words. */
export function integerOption(spec: Defaulted<number> & IntegerBounds): Option<number, true>;
export function integerOption(spec: Common<number> & IntegerBounds): Option<number, false>;
export function integerOption<const Word extends string>(
  spec: Defaulted<number | NoInfer<Word>> & IntegerBounds & Words<Word>,
): Option<number | Word, true>;
export function integerOption<const Word extends string>(
  spec: Common<number | NoInfer<Word>> & IntegerBounds & Words<Word>,
): Option<number | Word, false>;
export function integerOption<const Word extends string>(
  spec: (Defaulted<number | Word> | Common<number | Word>) & IntegerBounds & Partial<Words<Word>>,
): Option<number | Word> {
  const { min = -Infinity, max = Infinity, infinite = false, words = [] } = spec;
  const bounds = describeBounds('an integer', { min: finite(min), max: finite(max) });
  const allowed = [bounds, ...(infinite ? ['Infinity'] : []), ...words.map((word) => `'${word}'`)].join(' or ');
  return make<number | Word>(
    'integer',
    spec,
    (owner, name, value) => {
      if ((infinite && value === Infinity) || words.includes(value as Word)) return value as number | Word;
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      throw new ParameterError(owner, name, allowed, value);
    },
    { min: spec.min, max: spec.max, choices: words.length === 0 ? undefined : words, allowed },
  );
}

/** `true` or `false`. */
export function booleanOption(spec: Defaulted<boolean>): Option<boolean, true>;
export function booleanOption(spec: Common<boolean>): Option<boolean, false>;
export function booleanOption(spec: Defaulted<boolean> | Common<boolean>): Option<boolean> {
  const allowed = 'true or false';
  return make(
    'boolean',
    spec,
    (owner, name, value) => {
      if (typeof value !== 'boolean') throw new ParameterError(owner, name, allowed, value);
      return value;
    },
    { allowed },
  );
}

/** One of a few values. */
export function choiceOption<const Value extends string | number | boolean>(
  choices: readonly Value[],
  spec: Defaulted<NoInfer<Value>>,
): Option<Value, true>;
export function choiceOption<const Value extends string | number | boolean>(
  choices: readonly Value[],
  spec: Common<NoInfer<Value>>,
): Option<Value, false>;
export function choiceOption<const Value extends string | number | boolean>(
  choices: readonly Value[],
  spec: Defaulted<Value> | Common<Value>,
): Option<Value> {
  const allowed = `one of ${choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : choice)).join(', ')}`;
  return make(
    'choice',
    spec,
    (owner, name, value) => {
      if (choices.includes(value as Value)) return value as Value;
      const words = choices.filter((choice) => typeof choice === 'string');
      if (typeof value === 'string' && words.length === choices.length)
        throw new UnknownOptionError(`${owner}: ${name}`, value, words);
      throw new ParameterError(owner, name, allowed, value);
    },
    { choices, allowed },
  );
}

/** A text. `empty: false` refuses ''. */
export function textOption(spec: Defaulted<string> & { readonly empty?: boolean }): Option<string, true>;
export function textOption(spec: Common<string> & { readonly empty?: boolean }): Option<string, false>;
export function textOption(spec: (Defaulted<string> | Common<string>) & { readonly empty?: boolean }): Option<string> {
  const allowed = spec.empty === false ? 'a string that is not empty' : 'a string';
  return make(
    'text',
    spec,
    (owner, name, value) => {
      if (typeof value !== 'string' || (spec.empty === false && value === ''))
        throw new ParameterError(owner, name, allowed, value);
      return value;
    },
    { allowed },
  );
}

interface Length {
  /** The smallest length of the list. Default 0. */
  readonly least?: number;
}

/** A list of token ids: integers from 0. */
export function tokensOption(spec: Defaulted<readonly number[]> & Length): Option<readonly number[], true>;
export function tokensOption(spec: Common<readonly number[]> & Length): Option<readonly number[], false>;
export function tokensOption(
  spec: (Defaulted<readonly number[]> | Common<readonly number[]>) & Length,
): Option<readonly number[]> {
  const { least = 0 } = spec;
  return make('tokens', spec, (owner, name, value) => Array.from(checkTokens(owner, name, value, least)), {
    allowed: tokensAllowed(least),
  });
}

/** A list of lists of token ids, each with at least one. */
export function tokenListsOption(
  spec: Defaulted<readonly (readonly number[])[]> & Length,
): Option<readonly (readonly number[])[], true>;
export function tokenListsOption(
  spec: Common<readonly (readonly number[])[]> & Length,
): Option<readonly (readonly number[])[], false>;
export function tokenListsOption(
  spec: (Defaulted<readonly (readonly number[])[]> | Common<readonly (readonly number[])[]>) & Length,
): Option<readonly (readonly number[])[]> {
  const { least = 0 } = spec;
  const allowed = `a list of ${least === 0 ? '' : `at least ${least} `}${least === 1 ? 'list' : 'lists'} of token ids`;
  return make(
    'token-lists',
    spec,
    (owner, name, value) => {
      const item = (tokens: unknown, at: number): readonly number[] =>
        Array.from(checkTokens(owner, `${name}[${at}]`, tokens, 1));
      return checkList(owner, name, value, allowed, { least, item });
    },
    { allowed },
  );
}

/** An option of a kind with no builder of its own: `check` returns the value or throws a ParameterError. */
export function customOption<Value>(
  spec: Defaulted<Value> & { readonly kind: OptionKind; readonly toJson?: (value: Value) => unknown } & Pick<
      Option<Value>,
      'check'
    >,
): Option<Value, true>;
export function customOption<Value>(
  spec: Common<Value> & {
    readonly kind: OptionKind;
    readonly optional: true;
    readonly toJson?: (value: NonNullable<Value>) => unknown;
  } & Pick<Option<NonNullable<Value>>, 'check'>,
): Option<Value | undefined, true>;
export function customOption<Value>(
  spec: Common<Value> & { readonly kind: OptionKind; readonly toJson?: (value: Value) => unknown } & Pick<
      Option<Value>,
      'check'
    >,
): Option<Value, false>;
export function customOption(
  spec: Common<unknown> & {
    readonly kind: OptionKind;
    readonly default?: unknown;
    readonly optional?: true;
    readonly toJson?: (value: never) => unknown;
  } & Pick<Option, 'check'>,
): Option {
  const { kind, check, toJson } = spec;
  return make(kind, spec, (owner, name, value) => check(owner, name, value), {
    ...(spec.optional === true ? { optional: true } : {}),
    ...(toJson === undefined ? {} : { toJson: toJson as (value: unknown) => unknown }),
  });
}

/** The same option, but it may be left out, with no value then. */
export function optional<Value>(option: Option<Value, false>): Option<Value | undefined, true> {
  return { ...option, optional: true } as Option<Value | undefined, true>;
}

function make<Value>(
  kind: OptionKind,
  spec: Common<Value> & { readonly default?: Value },
  check: Option<Value>['check'],
  more: Partial<Option<Value>> = {},
): Option<Value> {
  return {
    kind,
    help: spec.help,
    optional: 'default' in spec,
    default: spec.default,
    off: spec.off,
    suggested: spec.suggested,
    min: undefined,
    max: undefined,
    choices: undefined,
    allowed: spec.allowed,
    check,
    ...more,
  };
}

function finite(bound: number): number | undefined {
  return Number.isFinite(bound) ? bound : undefined;
}

function within({ min, above, max, below }: Bounds): (value: number) => boolean {
  return (value) =>
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max) &&
    (below === undefined || value < below);
}

function describeBounds(
  noun: string,
  { min, above, max, below }: { [Name in keyof Bounds]: number | undefined },
): string {
  const low = min ?? above;
  const high = max ?? below;
  if (low !== undefined && high !== undefined)
    return above === undefined && below === undefined
      ? `${noun} from ${low} to ${high}`
      : `${noun} in ${above === undefined ? '[' : '('}${low}, ${high}${below === undefined ? ']' : ')'}`;
  if (min !== undefined) return `${noun} of at least ${min}`;
  if (above !== undefined) return `${noun} above ${above}`;
  if (max !== undefined) return `${noun} of at most ${max}`;
  if (below !== undefined) return `${noun} below ${below}`;
  return noun;
}
