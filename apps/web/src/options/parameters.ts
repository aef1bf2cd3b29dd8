import type { Json } from '@tokenwright/core';
import type { OptionDescription } from '@tokenwright/samplers';
import { niceTop } from './nice-top.ts';

/** What a form needs of a declared option. */
export type DeclaredOption = Pick<OptionDescription, 'name' | 'kind' | 'help'> &
  Partial<Omit<OptionDescription, 'name' | 'kind' | 'help'>> & { readonly optional?: boolean };

/** An option as the page edits it. */
export type ParameterSpec = {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** Rarely changed: hidden until it is changed or asked for. */
  readonly rare: boolean;
  /** The value that a form starts from; undefined for an optional one without a value. */
  readonly initial: Json | undefined;
  /** The value in force when the option is left out; undefined for none. */
  readonly usual: Json | undefined;
} & (
  | {
      readonly kind: 'number';
      /** Range of the slider. Values outside can be typed. */
      readonly from: number;
      readonly to: number;
      readonly step: number;
    }
  | { readonly kind: 'choice'; readonly choices: readonly Json[] }
  | { readonly kind: 'toggle' }
  | { readonly kind: 'text' }
  /** JSON, or words that are not JSON and stand for themselves. */
  | { readonly kind: 'json' }
);

/** The form of declared options. Options that only code or the tokenizer can give are left out. */
export function parameterSpecs(options: readonly DeclaredOption[]): ParameterSpec[] {
  return options.filter(({ kind }) => kind !== 'code' && kind !== 'token-texts').map(parameterSpec);
}

/** The values that a new form contains: required options and numbers. The others keep the library's defaults. */
export function initialValues(specs: readonly ParameterSpec[]): Record<string, Json> {
  return Object.fromEntries(
    specs.flatMap(({ name, rare, initial }) => (rare || initial === undefined ? [] : [[name, initial]])),
  );
}

function parameterSpec(option: DeclaredOption): ParameterSpec {
  const { name, kind, help, suggested } = option;
  const isOptional = option.optional === true || option.required === false;
  const initial = initialValue(option, isOptional);
  const base = {
    name,
    label: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    help,
    rare: isOptional && kind !== 'number' && (suggested === undefined || suggested === null),
    initial,
    usual: (option.default ?? undefined) as Json | undefined,
  };
  if (kind === 'boolean') return { ...base, kind: 'toggle' };
  if (kind === 'choice') return { ...base, kind: 'choice', choices: (option.choices ?? []) as readonly Json[] };
  if (kind === 'text') return { ...base, kind: 'text' };
  // A number that may be a word or absent has no slider.
  const isNumber = kind === 'number' || (kind === 'integer' && option.choices === undefined);
  if (!isNumber || typeof initial !== 'number') return { ...base, kind: 'json' };
  return { ...base, kind: 'number', ...sliderRange(option, initial) };
}

function initialValue(
  { kind, suggested, off, min, default: usual }: DeclaredOption,
  isOptional: boolean,
): Json | undefined {
  const declared = [suggested, usual, ...(isOptional ? [] : [off, min])] as readonly (Json | undefined)[];
  const value = declared.find((candidate) => candidate !== undefined && candidate !== null);
  if (value !== undefined || isOptional) return value;
  // Token ids depend on the vocabulary, so sequences of tokens can be written as words.
  return { 'token-lists': 'the', tokens: [], text: '' }[kind as string] ?? 0;
}

/** The declared bounds, narrowed to values of the size of the initial one. */
function sliderRange({ kind, min, max }: DeclaredOption, initial: number) {
  const size = Math.abs(initial);
  const bound = max ?? Infinity;
  const wide = size === 0 ? (kind === 'integer' ? 100 : 1) : niceTop(size * (bound === Infinity ? 2 : 20));
  const to = Math.min(bound, wide);
  const from = min ?? -to;
  return { from, to, step: kind === 'integer' ? 1 : 10 ** Math.floor(Math.log10((to - from) / 100)) };
}
