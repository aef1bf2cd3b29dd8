import { ParameterError } from '@tokenwright/core';
import { checkList, checkString, customOption, isObject, isPlainObject, type Option } from '@tokenwright/core/options';
import type { Automaton, JsonSchemaOptions } from '@tokenwright/grammar';
import { checkSchema } from './check-schema.ts';
import type { StandardSchema } from './standard-schema.ts';

/**
 * Options that say what a reply must be; at most one of `schema`, `regex`, `choices` and `grammar`. Tokens that cannot lead there
 * are never sampled, so a complete reply conforms, whatever the model.
 *
 * @typeParam Value what `object` of the result is.
 * @typeParam Written what the model writes, before transforms and defaults of the schema.
 */
export interface StructuredOutputOptions<Value = unknown, Written = Value> {
  /**
   * The reply is JSON that conforms to this schema, and `object` of the result is its value: a schema of Zod 4, ArkType, or Valibot
   * with `toStandardJsonSchema`, whose own checks and transforms apply; or a JSON Schema as a plain object. Default none.
   */
  readonly schema?: StandardSchema<Written, Value> | object | undefined;
  /** The reply as a whole matches this pattern. The flags `i`, `m`, `s` and `v` are refused. Default none. */
  readonly regex?: RegExp | string | undefined;
  /** The reply is one of these texts, and so is `object` of the result. Default none. */
  readonly choices?: readonly (Value & string)[] | undefined;
  /**
   * The reply is in the language of this grammar: GBNF, which is llama.cpp's notation, as a text, or an automaton of
   * `tokenwright/grammar`, such as `lark(text)`. A model in a Worker takes only the text. Default none.
   */
  readonly grammar?: string | Automaton | undefined;
  /**
   * How the JSON of `schema` is written, and how the schema is read: white space, order of properties and so on. Without
   * `whitespaceFlexible` and `whitespacePattern`, one space may be where JSON allows white space; `whitespaceFlexible: false` is the
   * fewest tokens, `true` allows lines and indentation. Default `{}`.
   */
  readonly schemaOptions?: JsonSchemaOptions | undefined;
}

/** The declarations behind {@link StructuredOutputOptions}. */
export const structuredOutputOptions: {
  readonly [Name in keyof StructuredOutputOptions]-?: Option<StructuredOutputOptions[Name], true>;
} = {
  schema: code('Schema of the reply: JSON Schema, Zod, ArkType, Valibot', checkSchema),
  regex: code('Pattern that the reply matches', checkRegex),
  choices: customOption<readonly string[] | undefined>({
    kind: 'json',
    optional: true,
    help: 'Texts of which the reply is one',
    check: (owner, name, value) =>
      checkList(owner, name, value, 'a list of texts that is not empty', {
        least: 1,
        item: (text, at) => checkString(owner, `${name}[${at}]`, text),
      }),
  }),
  grammar: code('Grammar of the reply, in the notation of llama.cpp', checkGrammar),
  schemaOptions: customOption<JsonSchemaOptions | undefined>({
    kind: 'json',
    optional: true,
    help: 'How the JSON of the schema is written: white space, order of properties',
    check(owner, name, value) {
      if (isPlainObject(value)) return value;
      throw new ParameterError(owner, name, 'an object of options of jsonSchema', value);
    },
  }),
};

/** An option that only code can give, with no default. */
function code<Value>(
  help: string,
  check: (owner: string, name: string, value: unknown) => NonNullable<Value>,
): Option<Value | undefined, true> {
  return customOption<Value | undefined>({ kind: 'code', optional: true, help, check });
}

/** Flags that do not change which texts match as a whole. */
const harmlessFlags = /^[dgyu]*$/;

function checkRegex(owner: string, name: string, value: unknown): RegExp | string {
  if (typeof value === 'string') return value;
  if (Object.prototype.toString.call(value) !== '[object RegExp]')
    throw new ParameterError(owner, name, 'a regular expression, or the text of one', value);
  const { flags } = value as RegExp;
  if (!harmlessFlags.test(flags))
    throw new ParameterError(
      owner,
      name,
      'a regular expression without the flags i, m, s and v (write [Aa] for both cases, and [^] for any character)',
      String(value),
    );
  return value as RegExp;
}

function checkGrammar(owner: string, name: string, value: unknown): string | Automaton {
  if (typeof value === 'string') return value;
  const isAutomaton =
    isObject(value) &&
    'initial' in value &&
    ['step', 'accepting', 'key'].every((one) => typeof value[one] === 'function');
  if (isAutomaton) return value as unknown as Automaton;
  throw new ParameterError(
    owner,
    name,
    'a GBNF grammar as a text, or an automaton of tokenwright/grammar, such as lark(text)',
    value,
  );
}
