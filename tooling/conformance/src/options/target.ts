import type { OptionDeclarations } from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';

/** Whether a value has the type that an option is documented to have. Ranges are the option's own business. */
export type TypeCheck = (value: unknown) => boolean;

export const types = {
  any: () => true,
  flag: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number' && !Number.isNaN(value),
  integer: (value) => Number.isInteger(value) || value === Infinity,
  text: (value) => typeof value === 'string',
  callback: (value) => typeof value === 'function',
  list: (value) => Array.isArray(value),
  ids: (value) =>
    (Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)) &&
    Array.from(value as ArrayLike<unknown>).every((id) => Number.isInteger(id) && (id as number) >= 0),
  record: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  signal: (value) => value instanceof AbortSignal,
} as const satisfies Record<string, TypeCheck>;

/** One thing that a caller gives: an argument, or an option. */
export interface Parameter {
  readonly name: string;
  readonly type: TypeCheck;
  /** A value that works; undefined when it may be left out. */
  readonly valid?: unknown;
  /** Other words by which an error may mean it. */
  readonly alsoNamed?: readonly string[];
}

/** A public function. */
export interface Target {
  readonly name: string;
  /** Positional arguments. One of them may be the options. */
  readonly parameters: readonly Parameter[];
  /** Options by name, in the argument that is called `options`. */
  readonly options?: readonly Parameter[];
  /** True for an object that may have more keys than those that are read. */
  readonly open?: boolean;
  /** Call it, and use what it returns. */
  call(...given: unknown[]): unknown;
}

/** A parameter that the options are given in. */
export const options: Parameter = { name: 'options', type: types.record };

/** The options of a factory from its declarations. */
export function parametersFor(
  declarations: OptionDeclarations,
  valid: Readonly<Record<string, unknown>> = {},
): Parameter[] {
  return Object.entries(declarations).map(([name, option]) => ({
    name,
    type: typeOf(option),
    valid: Object.hasOwn(valid, name) ? valid[name] : option.optional ? undefined : option.suggested,
  }));
}

/** The type that a declaration promises. */
function typeOf({ kind, choices, default: byDefault }: OptionDeclarations[string]): TypeCheck {
  const isOther: TypeCheck = (value) => (value === null && byDefault === null) || (choices?.includes(value) ?? false);
  const ofKind: Partial<Record<typeof kind, TypeCheck>> = {
    number: types.number,
    integer: types.integer,
    boolean: types.flag,
    choice: () => false,
    text: types.text,
    tokens: types.ids,
    'token-lists': types.list,
    'token-texts': types.list,
  };
  // The kinds `json` and `code` say little; an option of several types is one of them.
  const check = ofKind[kind] ?? types.any;
  return (value) => isOther(value) || check(value);
}

/** A factory that carries its declarations: of a sampler, a strategy, a drafter, a preset or a rule. */
export interface Declared {
  (options: never): unknown;
  readonly definition: { readonly name: string; readonly options: OptionDeclarations };
}

/** The target of a declared factory. */
export function declared(
  factory: Declared,
  use: (made: never) => unknown,
  valid: Readonly<Record<string, unknown>> = {},
): Target {
  return {
    name: camelCase(factory.definition.name),
    parameters: [options],
    options: parametersFor(factory.definition.options, valid),
    call: (given) => use(factory(given as never) as never),
  };
}
