import { Dict, Undefined, type Value } from './values.ts';

/** Data deeper than this is refused. */
const deepest = 100;

/** Why a value of the application cannot be given to a template. */
export class DataProblem extends Error {
  readonly path: string;
  readonly allowed: string;
  readonly received: unknown;

  constructor(path: string, allowed: string, received: unknown) {
    super(`${path} must be ${allowed}`);
    this.path = path;
    this.allowed = allowed;
    this.received = received;
  }
}

/**
 * Data of the application as a value of a template. Numbers without a fraction become integers, as in JSON. Members that are undefined vanish, and
 * only own members count, as in JSON.
 *
 * @param path where the data comes from, for errors.
 * @throws DataProblem
 */
export function fromData(data: unknown, path: string, depth = 0): Value {
  if (data === null || typeof data === 'string' || typeof data === 'boolean' || typeof data === 'bigint') return data;
  if (typeof data === 'number') return fromNumber(data, path);
  if (depth > deepest) throw new DataProblem(path, `data of at most ${deepest} levels`, data);
  if (Array.isArray(data))
    return Array.from(data, (item: unknown, at) =>
      item === undefined ? null : fromData(item, `${path}[${at}]`, depth + 1),
    );
  if (data === undefined) return new Undefined(`'${path}'`);
  if (typeof data !== 'object')
    throw new DataProblem(path, 'data: texts, numbers, booleans, null, lists and objects', data);
  if ('toJSON' in data && typeof data.toJSON === 'function') return fromData(data.toJSON(), path, depth + 1);
  if (data instanceof Map || data instanceof Set || ArrayBuffer.isView(data) || data instanceof ArrayBuffer)
    throw new DataProblem(path, 'plain data; convert it to a list or an object', data);
  const entries: [Value, Value][] = [];
  for (const [key, value] of Object.entries(data))
    if (value !== undefined) entries.push([key, fromData(value, `${path}.${key}`, depth + 1)]);
  return new Dict(entries);
}

/** Beyond 2^53 the digits that someone wrote are lost, so that nobody can print them. From 1e21 on JSON writes a float. */
function fromNumber(data: number, path: string): Value {
  if (Number.isSafeInteger(data)) return Object.is(data, -0) ? 0n : BigInt(data);
  if (Number.isInteger(data) && Math.abs(data) < 1e21)
    throw new DataProblem(path, 'an integer below 2^53, or a bigint, because a number has lost digits', data);
  return data;
}
