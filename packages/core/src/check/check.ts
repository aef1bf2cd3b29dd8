import { ParameterError } from '../errors.ts';
import { readable } from './read-options.ts';

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

/** `true` or `false`, or a {@link ParameterError}. */
export function checkBoolean(owner: string, parameter: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ParameterError(owner, parameter, 'true or false', value);
}

/** A string, or a {@link ParameterError}. */
export function checkString(owner: string, parameter: string, value: unknown, allowed = 'a string'): string {
  if (typeof value === 'string') return value;
  throw new ParameterError(owner, parameter, allowed, value);
}

/** A function, or a {@link ParameterError}. */
export function checkFunction<F>(owner: string, parameter: string, value: F, allowed = 'a function'): F {
  if (typeof value === 'function') return value;
  throw new ParameterError(owner, parameter, allowed, value);
}

/**
 * An AbortSignal, of any realm or polyfill, or a {@link ParameterError}: something that tells whether it was aborted and can be
 * listened to.
 */
export function checkSignal(owner: string, parameter: string, value: unknown): AbortSignal {
  return readable(owner, parameter, value, () => {
    const signal = value as Partial<AbortSignal> | null;
    const isSignal =
      typeof signal === 'object' &&
      signal !== null &&
      typeof signal.aborted === 'boolean' &&
      typeof signal.addEventListener === 'function' &&
      typeof signal.removeEventListener === 'function';
    if (!isSignal) throw new ParameterError(owner, parameter, 'an AbortSignal', value);
    return signal as AbortSignal;
  });
}
