import { ParameterError, TokenwrightError, UnknownOptionError } from '../errors.ts';
import { isObject } from './kind-of.ts';

/**
 * The options that a caller gave, read once: each value is what it was at the check, whatever a getter or a proxy gives later.
 * Only own keys count, so nothing that an application adds to `Object.prototype` becomes an option.
 *
 * @param parameter names the argument in errors.
 * @returns a new object without a prototype.
 * @throws ParameterError for anything but a plain object, and for one that cannot be read; UnknownOptionError with the nearest
 * valid name for a name that is not in `known`.
 */
export function readOptions<Options extends object>(
  owner: string,
  options: Options,
  known: readonly string[],
  parameter = 'options',
): Options {
  const names = namesOf(owner, options, parameter);
  for (const name of names) if (!known.includes(name)) throw new UnknownOptionError(owner, name, known);
  const values: Record<string, unknown> = Object.create(null);
  const prefix = parameter === 'options' ? '' : `${parameter}.`;
  for (const name of names)
    values[name] = readable(owner, `${prefix}${name}`, options, () => options[name as keyof Options]);
  return values as Options;
}

/** The entries of an object whose keys are the caller's, such as the variables of a template, read as {@link readOptions} does. */
export function readRecord<Entries extends object>(owner: string, given: Entries, parameter: string): Entries {
  return readOptions(owner, given, namesOf(owner, given, parameter), parameter);
}

/** Raise what {@link readOptions} raises, for code that reads the values itself. */
export function checkOptionNames(owner: string, options: object, known: readonly string[], parameter?: string): void {
  readOptions(owner, options, known, parameter);
}

/**
 * The names of the options of a plain object: its own enumerable keys.
 *
 * @throws ParameterError for a list, a class instance such as a Map, and everything else that is not a plain object.
 */
export function namesOf(owner: string, options: object, parameter = 'options'): readonly string[] {
  return readable(owner, parameter, options, () => {
    if (!isPlainObject(options))
      throw new ParameterError(
        owner,
        parameter,
        isObject(options) && !isArray(options) ? 'a plain object' : 'an object',
        options,
      );
    return Object.keys(options);
  });
}

/**
 * Whether a value is an object as `{}` or JSON makes it, of any realm: no list, no function, no instance of a class. Throws what the traps of
 * a proxy throw.
 */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'));
}

/** `instanceof`, which a proxy may make fail: such a value is an instance of nothing. */
export function isInstance<Class>(value: unknown, type: { readonly prototype: Class }): value is Class {
  try {
    return value instanceof (type as unknown as abstract new () => object);
  } catch {
    return false;
  }
}

/** `Array.isArray`, which fails for a proxy that was revoked: such a value is not a list. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * What `read` gives. A failure that is not an error of the library comes from the value itself: a getter, a proxy, a conversion to
 * text. It becomes a ParameterError with that failure as its cause.
 */
export function readable<Value>(owner: string, parameter: string, given: unknown, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (TokenwrightError.isInstance(cause)) throw cause;
    throw new ParameterError(owner, parameter, 'a value that can be read', given, { cause });
  }
}
