import { ParameterError, UnknownOptionError } from '../errors.ts';

/** Raise an {@link UnknownOptionError} for the first key of `options`, inherited ones included, that is not in `known`. */
export function checkOptionNames(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || ArrayBuffer.isView(options))
    throw new ParameterError(owner, 'options', 'an object', options);
  for (const name in options) if (!known.includes(name)) throw new UnknownOptionError(owner, name, known);
}

/** An integer within [`from`, `to`], or a {@link ParameterError}. */
export function checkInteger(
  owner: string,
  parameter: string,
  value: unknown,
  from: number,
  to: number = Infinity,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
  const bounds = to === Infinity ? (from === -Infinity ? '' : ` of at least ${from}`) : ` from ${from} to ${to}`;
  throw new ParameterError(owner, parameter, `an integer${bounds}`, value);
}

/** A finite number for which `accepts` holds, or a {@link ParameterError} that says what `allowed` says. */
export function checkNumber(
  owner: string,
  parameter: string,
  value: unknown,
  allowed: string,
  accepts: (value: number) => boolean = () => true,
): number {
  if (typeof value === 'number' && Number.isFinite(value) && accepts(value)) return value;
  throw new ParameterError(owner, parameter, allowed, value);
}
