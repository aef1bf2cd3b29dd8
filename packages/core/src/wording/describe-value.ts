/** Characters of a value that a message shows. */
const longest = 80;

/** Levels and entries of an object that a message shows. */
const levels = 3;
const entries = 16;

/**
 * A value in the words of an error: short, whatever it is. A value that cannot be looked at (a proxy, a getter that throws) is
 * described, too.
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${shorten(value)}'`;
  try {
    return shorten(typeof value === 'object' && value !== null ? describeObject(value, levels) : describeScalar(value));
  } catch {
    return 'an object that cannot be read';
  }
}

/** The beginning of a text that is too long for a message. */
export function shorten(text: string, most: number = longest): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

function describeScalar(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function describeObject(value: object, level: number): string {
  if (Array.isArray(value)) return describeList(value, level);
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return describeInstance(prototype);
  if (prototype !== null && !Object.hasOwn(prototype, 'hasOwnProperty')) return describeInstance(prototype);
  const keys = Object.keys(value);
  if (level === 0) return keys.length === 0 ? '{}' : '{...}';
  const parts = keys
    .slice(0, entries)
    .map((key) => `${JSON.stringify(key)}:${describePart((value as Record<string, unknown>)[key], level - 1)}`);
  return `{${[...parts, ...(keys.length > entries ? ['...'] : [])].join(',')}}`;
}

function describeList(list: readonly unknown[], level: number): string {
  const { length } = list;
  if (level === 0) return length === 0 ? '[]' : '[...]';
  const parts = Array.from({ length: Math.min(entries, Number(length)) }, (_, at) => describePart(list[at], level - 1));
  return `[${[...parts, ...(length > entries ? ['...'] : [])].join(',')}]`;
}

function describePart(value: unknown, level: number): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  return typeof value === 'object' && value !== null ? describeObject(value, level) : describeScalar(value);
}

/** 'a Map', 'an Error', 'a promise'. */
function describeInstance(prototype: object): string {
  const { constructor: maker } = prototype as { readonly constructor?: unknown };
  const name = typeof maker === 'function' && typeof maker.name === 'string' ? maker.name : '';
  if (name === '') return 'an object of a class without a name';
  if (name === 'Promise') return 'a promise';
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${shorten(name)}`;
}
