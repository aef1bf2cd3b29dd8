import { strftime } from '../text/strftime.ts';
import { Arguments } from '../values/arguments.ts';
import type { Budget } from '../values/budget.ts';
import { iterate } from '../values/items.ts';
import { textOf } from '../values/print.ts';
import { failed, TemplateProblem, unsupported } from '../values/problem.ts';
import {
  Callable,
  Dict,
  Instance,
  isInteger,
  isList,
  type Keywords,
  Namespace,
  Range,
  typeName,
  type Value,
} from '../values/values.ts';

/** Items of a range, as in the sandbox of Jinja2. */
const longestRange = 100_000;

/** Functions that every template has. */
export function globalsOf(budget: Budget): ReadonlyMap<string, Value> {
  const functions: Readonly<Record<string, (args: readonly Value[], keywords: Keywords) => Value>> = {
    cycler: (args) => new Cycler(args),
    dict: (args, keywords) => dictOf(args, keywords, budget),
    joiner: (args, keywords) => new Joiner(new Arguments('joiner', ['sep'], args, keywords).text('sep', ', ')),
    lipsum: () => {
      throw unsupported('the function lipsum');
    },
    namespace: (args, keywords) => {
      const namespace = new Namespace();
      for (const [key, value] of dictOf(args, keywords, budget).entries())
        if (typeof key === 'string') namespace.members.set(key, value);
      return namespace;
    },
    raise_exception: (args, keywords) => {
      const message = new Arguments('raise_exception', ['message'], args, keywords).required('message');
      throw new TemplateProblem('raised', textOf(message, budget));
    },
    range: (args, keywords) => rangeOf(args, keywords),
    strftime_now: (args, keywords) =>
      strftime(new Date(), new Arguments('strftime_now', ['format'], args, keywords).text('format')),
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, new Callable(name, call)]));
}

function rangeOf(args: readonly Value[], keywords: Keywords): Range {
  if (keywords.size > 0) throw failed('range takes no keyword arguments');
  if (args.length < 1 || args.length > 3) throw failed('range takes one to three arguments');
  const [first, second, step = 1n] = args.map((value) => {
    if (!isInteger(value)) throw failed(`range takes integers, not a ${typeName(value)}`);
    return BigInt(value);
  });
  if (step === 0n) throw failed('the step of a range is zero');
  const range = second === undefined ? new Range(0n, first!, step) : new Range(first!, second, step);
  if (range.length > longestRange) throw new TemplateProblem('limit', `a range has more than ${longestRange} items`);
  return range;
}

function dictOf(args: readonly Value[], keywords: Keywords, budget: Budget): Dict {
  if (args.length > 1) throw failed('dict takes at most one argument');
  const [from] = args;
  const entries: (readonly [Value, Value])[] = [];
  if (from instanceof Dict) entries.push(...from.entries());
  else if (from !== undefined)
    for (const pair of iterate(from, budget)) {
      if (!isList(pair) || pair.length !== 2) throw failed('dict takes pairs');
      entries.push([pair[0]!, pair[1]!]);
    }
  budget.step(entries.length + keywords.size);
  return new Dict([...entries, ...keywords]);
}

/** `cycler('a', 'b')`: gives its values in turn. */
class Cycler extends Instance {
  readonly type = 'Cycler';
  readonly #items: readonly Value[];
  #at = 0;

  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) throw failed('cycler has no arguments');
    this.#items = items;
  }

  member(name: string): Value | undefined {
    if (name === 'current') return this.#items[this.#at]!;
    if (name === 'next')
      return new Callable(name, () => {
        const value = this.#items[this.#at]!;
        this.#at = (this.#at + 1) % this.#items.length;
        return value;
      });
    if (name !== 'reset') return undefined;
    return new Callable(name, () => {
      this.#at = 0;
      return null;
    });
  }
}

/** `joiner(', ')`: nothing at the first call, and the separator at every other. */
class Joiner extends Instance {
  readonly type = 'Joiner';
  readonly #separator: string;
  #isUsed = false;

  constructor(separator: string) {
    super();
    this.#separator = separator;
  }

  member(name: string): Value | undefined {
    return name === 'sep' ? this.#separator : undefined;
  }

  override call(): Value {
    const separator = this.#isUsed ? this.#separator : '';
    this.#isUsed = true;
    return separator;
  }
}
