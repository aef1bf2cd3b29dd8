import type { Budget } from '../values/budget.ts';
import { representation, textOf } from '../values/print.ts';
import { failed, unsupported } from '../values/problem.ts';
import type { Keywords, Value } from '../values/values.ts';
import { formatValue } from './format-spec.ts';

/** How a field such as `{0.name[key]}` finds a member or an item. */
export interface Lookup {
  member(value: Value, name: string): Value;
  item(value: Value, key: Value): Value;
}

/** Python's `text.format(...)`. */
export function braceFormat(
  text: string,
  args: readonly Value[],
  keywords: Keywords,
  lookup: Lookup,
  budget: Budget,
): string {
  let automatic = 0;
  let isNumbered = false;
  const valueAt = (path: string): Value => {
    const [, first = '', rest = ''] = /^([^.[]*)([\s\S]*)$/.exec(path)!;
    let value: Value | undefined;
    if (first === '') {
      if (isNumbered) throw failed('a format mixes numbered and plain fields');
      value = args[automatic++];
    } else if (/^\d+$/.test(first)) {
      if (automatic > 0) throw failed('a format mixes numbered and plain fields');
      isNumbered = true;
      value = args[Number(first)];
    } else value = keywords.get(first);
    if (value === undefined) throw failed(`a format wants the argument '${first === '' ? automatic - 1 : first}'`);
    const members = /\.([^.[]+)|\[([^\]]+)\]/y;
    let at = 0;
    while (at < rest.length) {
      members.lastIndex = at;
      const [all, name, key] = members.exec(rest) ?? [];
      if (all === undefined) throw failed(`'{${path}}' is not a field`);
      value =
        name !== undefined ? lookup.member(value, name) : lookup.item(value, /^\d+$/.test(key!) ? BigInt(key!) : key!);
      at += all.length;
    }
    return value;
  };
  const fill = (source: string, depth: number): string => {
    if (depth > 2) throw failed('fields of a format are too deep');
    let result = '';
    for (let at = 0; at < source.length; at++) {
      const character = source[at]!;
      if (character !== '{' && character !== '}') {
        const next = source.slice(at).search(/[{}]/);
        const end = next < 0 ? source.length : at + next;
        result += source.slice(at, end);
        at = end - 1;
      } else if (source[at + 1] === character) {
        result += character;
        at++;
      } else if (character === '}') throw failed("a format has a '}' alone");
      else {
        const end = closing(source, at);
        result += field(source.slice(at + 1, end), depth);
        at = end;
      }
    }
    return result;
  };
  const field = (source: string, depth: number): string => {
    const [, path = '', conversion, spec = ''] =
      /^((?:[^!:[]|\[[^\]]*\])*)(?:!([\s\S]))?(?::([\s\S]*))?$/u.exec(source) ?? [];
    if (!source.startsWith(path)) throw failed(`'{${source}}' is not a field`);
    const value = valueAt(path);
    if (conversion === 'a') throw unsupported("the conversion '!a'");
    if (conversion !== undefined && conversion !== 'r' && conversion !== 's')
      throw failed(`'!${conversion}' is not a conversion`);
    const converted =
      conversion === 'r' ? representation(value, budget) : conversion === 's' ? textOf(value, budget) : value;
    return formatValue(converted, spec.includes('{') ? fill(spec, depth + 1) : spec, budget);
  };
  const result = fill(text, 1);
  budget.text(result.length);
  return result;
}

function closing(source: string, open: number): number {
  let depth = 0;
  for (let at = open; at < source.length; at++) {
    if (source[at] === '{') depth++;
    if (source[at] === '}' && --depth === 0) return at;
  }
  throw failed("a format has a '{' without its '}'");
}
