import { ParameterError, TokenwrightError } from '../errors.ts';
import type { Option, OptionDeclarations, OptionsOf, OptionValues } from './option.ts';
import { readOptions } from './read-options.ts';

/**
 * Check what a caller gave against the declarations, and fill in defaults. Only own keys count, each is read once, and
 * `undefined` is the same as leaving an option out.
 *
 * @param owner names the function in errors.
 * @throws UnknownOptionError with the nearest valid name; ParameterError for a value, for options that are not a plain object,
 * and for values that cannot be read.
 */
export function checkOptions<D extends OptionDeclarations>(
  owner: string,
  declarations: D,
  given: OptionsOf<D>,
): OptionValues<D> {
  const read: Readonly<Record<string, unknown>> = readOptions(owner, given, Object.keys(declarations));
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(declarations))
    values[name] = checkOption(owner, name, option, read[name]);
  return values as OptionValues<D>;
}

/** The checked value of one option, or its default. */
export function checkOption<Value>(owner: string, name: string, option: Option<Value>, given: unknown): Value {
  if (given === undefined && option.optional) return option.default as Value;
  try {
    return option.check(owner, name, given);
  } catch (cause) {
    if (TokenwrightError.isInstance(cause)) throw cause;
    // A getter or a proxy inside the value threw, or it is nested too deeply to be read.
    throw new ParameterError(owner, name, option.allowed ?? 'a value that can be read', given, { cause });
  }
}

/**
 * The values as plain data, in the order of the declarations; undefined when one of them can only be given by code. Token
 * texts are left out: whoever reads the data supplies those of its tokenizer.
 */
export function optionsToJson(
  declarations: OptionDeclarations,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const json: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(declarations)) {
    const value = values[name];
    if (value === undefined || option.kind === 'token-texts') continue;
    if (option.kind === 'code' || typeof value === 'function') return undefined;
    const data = option.toJson === undefined ? value : option.toJson(value);
    if (data !== undefined) json[name] = data;
  }
  return json;
}
