/**
 * One option of a sampler, a strategy or `generate`, declared once. Checks, defaults, JSON, command-line flags, help texts,
 * forms and reference tables all come from this declaration.
 *
 * @typeParam Value the checked value.
 * @typeParam Optional `true` when the caller may leave the option out.
 */
export interface Option<Value = unknown, Optional extends boolean = boolean> {
  /** The kind of value, for forms and command lines. */
  readonly kind: OptionKind;
  /** One line of help: a sentence without a trailing period. */
  readonly help: string;
  readonly optional: Optional;
  /** The value when the option is left out; `undefined` for a required option, or for one that is simply absent then. */
  readonly default: Value | undefined;
  /** The value at which the option has no effect; `undefined` when there is none. */
  readonly off: Value | undefined;
  /** A sensible value to start from in a form or an example. */
  readonly suggested: Value | undefined;
  /** Bounds of a number, inclusive; `undefined` for no bound. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Values of a choice; words that a number may be instead. */
  readonly choices: readonly Value[] | undefined;
  /** What is allowed, in the words of the error: 'a number in (0, 1]'. `undefined` when `help` says it. */
  readonly allowed: string | undefined;
  /** Return the value, or throw a ParameterError that names `owner` and `name`. */
  check(owner: string, name: string, value: unknown): Value;
  /** The value as plain data; undefined to leave it out. Absent when the value is already plain data. */
  toJson?(value: Value): unknown;
}

/**
 * `tokens`: token ids. `token-lists`: lists of token ids. `json`: a value that is written as JSON. `code`: a value that only code can give: a function, a model.
 * `token-texts`: the text of every token of the vocabulary, which the caller's tokenizer gives.
 */
export type OptionKind =
  | 'number'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'text'
  | 'tokens'
  | 'token-lists'
  | 'json'
  | 'code'
  | 'token-texts';

/** Options by name. The first one is the main option: the one that a command-line flag takes without a name. */
export type OptionDeclarations = Readonly<Record<string, Option>>;

/** The value of an option. */
export type OptionValue<O> = O extends Option<infer Value> ? Value : never;

type OptionalNames<D> = { [Name in keyof D]: D[Name] extends Option<infer _, true> ? Name : never }[keyof D];

/** What a caller gives: required options, and others that may be left out or `undefined`. */
export type OptionsOf<D> = {
  readonly [Name in keyof D as Name extends OptionalNames<D> ? never : Name]: OptionValue<D[Name]>;
} & {
  readonly [Name in keyof D as Name extends OptionalNames<D> ? Name : never]?: OptionValue<D[Name]> | undefined;
};

/** What the code behind the options receives: checked, with defaults filled in. */
export type OptionValues<D> = { readonly [Name in keyof D]: OptionValue<D[Name]> };
