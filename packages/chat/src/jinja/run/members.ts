import { textMethod } from '../text/text-methods.ts';
import { Arguments } from '../values/arguments.ts';
import type { Budget } from '../values/budget.ts';
import { isEqual } from '../values/compare.ts';
import { itemAt } from '../values/items.ts';
import { failed, unsupported } from '../values/problem.ts';
import {
  Callable,
  Dict,
  DictView,
  GroupTuple,
  Instance,
  isList,
  isNumber,
  type Keywords,
  Namespace,
  Range,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from '../values/values.ts';

/** Methods that would change a list or dictionary: the sandbox that templates run in takes them away. */
const changing: Readonly<Record<'list' | 'dict', readonly string[]>> = {
  list: ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'],
  dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
};
/** Members of Python's numbers, which no known template reads. */
const ofNumbers: readonly string[] = [
  'as_integer_ratio',
  'bit_count',
  'bit_length',
  'conjugate',
  'denominator',
  'from_bytes',
  'fromhex',
  'hex',
  'imag',
  'is_integer',
  'numerator',
  'real',
  'to_bytes',
];

/** `value.name`: an attribute, otherwise an item of this name. */
export function memberOf(value: Value, name: string, budget: Budget): Value {
  if (value instanceof Undefined) return value.fail();
  const attribute = attributeOf(value, name, budget);
  if (attribute !== undefined) return attribute;
  const item = value instanceof Dict ? value.get(name) : undefined;
  return item === undefined ? missing(value, name) : item;
}

/** `value[key]`: an item, otherwise an attribute of this name. */
export function itemOf(value: Value, key: Value, budget: Budget): Value {
  if (value instanceof Undefined) return value.fail();
  const item = value instanceof Dict ? (isHashable(key) ? value.get(key) : undefined) : itemAt(value, key, budget);
  if (item !== undefined) return item;
  const attribute = typeof key === 'string' ? attributeOf(value, key, budget) : undefined;
  return attribute === undefined ? missing(value, typeof key === 'string' ? key : undefined) : attribute;
}

function isHashable(key: Value): boolean {
  return key === null || typeof key === 'string' || isNumber(key);
}

function missing(value: Value, name: string | undefined): Undefined {
  return new Undefined(name === undefined ? `an item of a ${typeName(value)}` : `'${name}' of a ${typeName(value)}`);
}

/** An attribute of a Python object; undefined when there is none. */
export function attributeOf(value: Value, name: string, budget: Budget): Value | undefined {
  if (typeof value === 'string') {
    const lookup = {
      member: (of: Value, member: string): Value => memberOf(of, member, budget),
      item: (of: Value, key: Value): Value => itemOf(of, key, budget),
    };
    const method = textMethod(value, name, { budget, lookup });
    return method && new Callable(name, method);
  }
  if (value instanceof Dict) return dictAttribute(value, name, budget);
  if (value instanceof Namespace) return value.members.get(name);
  if (value instanceof GroupTuple && (name === 'grouper' || name === 'list')) return value[name === 'list' ? 1 : 0];
  if (isList(value)) return listAttribute(value, name, budget);
  if (value instanceof Instance) return value.member(name);
  if (isNumber(value) && ofNumbers.includes(name)) throw unsupported(`'${name}' of a ${typeName(value)}`);
  if (value instanceof Range && ['start', 'stop', 'step'].includes(name)) return value[name as 'start'];
  if (value instanceof SafeText) throw unsupported(`'${name}' of a text marked as safe`);
  if (value instanceof Callable && name === 'name') return value.name;
  return undefined;
}

type Call = (args: readonly Value[], keywords: Keywords) => Value;

/** A method that a template must not call, though it may ask for it. */
function taken(type: string, name: string): Undefined {
  return new Undefined(`'${name}' of a ${type}, which would change it,`);
}

function dictAttribute(dict: Dict, name: string, budget: Budget): Value | undefined {
  if (changing.dict.includes(name)) return taken('dict', name);
  const methods: Readonly<Record<string, () => Call>> = {
    copy: () => () => {
      budget.step(dict.size);
      return new Dict(dict.entries());
    },
    fromkeys: () => () => {
      throw unsupported("'fromkeys' of a dict");
    },
    get: () => (args, keywords) => {
      if (keywords.size > 0) throw failed("'get' of a dict takes no keyword arguments");
      const given = new Arguments("'get' of a dict", ['key', 'default'], args, keywords);
      const found = dict.get(given.required('key'));
      return found === undefined ? (given.get('default') ?? null) : found;
    },
    items: () => () => new DictView(dict, 'items'),
    keys: () => () => new DictView(dict, 'keys'),
    values: () => () => new DictView(dict, 'values'),
  };
  if (!Object.hasOwn(methods, name)) return undefined;
  const call = methods[name]!();
  const limit = name === 'get' || name === 'fromkeys' ? 2 : 0;
  return new Callable(name, (args, keywords) => {
    if (args.length > limit) throw failed(`'${name}' of a dict takes at most ${limit} arguments`);
    return call(args, keywords);
  });
}

function listAttribute(list: readonly Value[], name: string, budget: Budget): Value | undefined {
  const isTuple = list instanceof Tuple;
  if (!isTuple && changing.list.includes(name)) return taken('list', name);
  const owner = `'${name}' of a ${isTuple ? 'tuple' : 'list'}`;
  const where = (args: readonly Value[], keywords: Keywords): number[] => {
    const wanted = new Arguments(owner, ['value', 'start', 'stop'], args, keywords).required('value');
    return [...list.keys()].filter((at) => isEqual(list[at]!, wanted, budget));
  };
  if (name === 'copy' && !isTuple)
    return new Callable(name, () => {
      budget.step(list.length);
      return [...list];
    });
  if (name === 'count') return new Callable(name, (args, keywords) => BigInt(where(args, keywords).length));
  if (name === 'index')
    return new Callable(name, (args, keywords) => {
      if (args.length > 1) throw unsupported(`${owner} with a start`);
      const [at] = where(args, keywords);
      if (at === undefined) throw failed('the value that is looked for is not in the list');
      return BigInt(at);
    });
  return undefined;
}
