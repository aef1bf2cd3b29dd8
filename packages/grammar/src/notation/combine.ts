import { ParameterError } from '@tokenwright/core';
import { checkInteger, checkList, isInstance, readOptions } from '@tokenwright/core/options';
import { GrammarError } from '../errors.ts';
import { byteSet } from '../expressions/expression.ts';
import { utf8 } from '../expressions/utf8.ts';
import { type Continuation, ending, Machine, type Outcome, together } from '../machine/machine.ts';

/** A part of a larger grammar: a text as it is, or a grammar. */
export type GrammarPart = string | Machine;

export interface RepeatedOptions {
  /** Minimum number of times. Default 0. */
  readonly min?: number;
  /** Maximum number of times. Default Infinity. */
  readonly max?: number;
  /** Between two of them. Default '', nothing. */
  readonly separator?: string;
}

type Start = (then: Continuation) => Outcome;

/**
 * The parts one after the other.
 *
 * @throws ParameterError for a part that is neither a text nor a grammar of this package.
 * @example
 * ```ts
 * const fenced = sequence(['```json\n', jsonSchema({ type: 'object' }), '\n```']);
 * ```
 */
export function sequence(parts: readonly GrammarPart[]): Machine {
  const given = checkParts('sequence', parts);
  return new Machine((machine) => {
    const prefix = machine.prefix();
    const starts = given.map((part) => startOf(machine, part));
    const from = (at: number, then: Continuation): Outcome =>
      at === starts.length
        ? then.resume(0, '')
        : starts[at]!(
            machine.continuation(`${prefix}${at},${then.id}`, (id) => ({
              id,
              pointer: then.pointer,
              captures: false,
              resume: () => from(at + 1, then),
            })),
          );
    return (then) => from(0, then);
  }, true);
}

/**
 * One of the parts.
 *
 * @throws ParameterError for an empty list, and for a part that is neither a text nor a grammar of this package.
 * @example
 * ```ts
 * const answer = alternatives(['unknown', jsonSchema({ type: 'integer' })]);
 * ```
 */
export function alternatives(parts: readonly GrammarPart[]): Machine {
  const given = checkParts('alternatives', parts, 1);
  return new Machine((machine) => {
    const starts = given.map((part) => startOf(machine, part));
    const prefix = machine.prefix();
    return (then) => {
      const after = machine.continuation(`${prefix}${then.id}`, (id) => ({
        id,
        pointer: then.pointer,
        captures: false,
        resume: () => then.resume(0, ''),
      }));
      return together(starts.map((start) => start(after)));
    };
  }, true);
}

/**
 * A part several times.
 *
 * @throws ParameterError; GrammarError, when it is first used, for a part that matches the empty text, without a separator.
 * @example
 * ```ts
 * const numbers = repeated(jsonSchema({ type: 'integer' }), { min: 1, separator: ', ' });
 * ```
 */
export function repeated(part: GrammarPart, options: RepeatedOptions = {}): Machine {
  const owner = 'repeated';
  const [given] = checkParts(owner, [part], 1);
  const { min = 0, max = Infinity, separator = '' } = readOptions(owner, options, ['min', 'max', 'separator']);
  checkInteger(owner, 'min', min, 0);
  if (max !== Infinity) checkInteger(owner, 'max', max, min);
  if (typeof separator !== 'string') throw new ParameterError(owner, 'separator', 'a text', separator);
  return new Machine((machine) => {
    const prefix = machine.prefix();
    const start = startOf(machine, given!);
    const between = startOf(machine, separator);
    // It could be repeated without end and without text.
    if (separator === '' && start(ending()).done)
      throw new GrammarError('A part that matches the empty text cannot be repeated without a separator.');
    const from = (count: number, then: Continuation): Outcome => {
      const capped = max === Infinity ? Math.min(count, Math.max(min, 1)) : count;
      const make = (kind: string, resume: () => Outcome): Continuation =>
        machine.continuation(`${prefix}${kind}${capped},${then.id}`, (id) => ({
          id,
          pointer: then.pointer,
          captures: false,
          resume,
        }));
      const one = (): Outcome => start(make('r', () => from(capped + 1, then)));
      const more = count < max ? [count === 0 ? one() : between(make('b', one))] : [];
      return together([...(count >= min ? [then.resume(0, '')] : []), ...more]);
    };
    return (then) => from(0, then);
  }, true);
}

/**
 * Any text in which none of the given texts occurs, also the empty one.
 *
 * @throws ParameterError for an empty list or an empty text.
 * @example
 * ```ts
 * const plain = textWithout(['<tool_call>']);
 * ```
 */
export function textWithout(texts: readonly string[]): Machine {
  const given = checkList('textWithout', 'texts', texts, 'a list of texts that are not empty', {
    least: 1,
    item(text): string {
      if (typeof text === 'string' && text !== '') return text;
      throw new ParameterError('textWithout', 'texts', 'texts that are not empty', text);
    },
  });
  return new Machine((machine) => {
    const { make } = machine;
    const any = make.repeat(make.bytes(byteSet([0, 255])), 0, Infinity);
    const has = make.concat(any, make.or(given.map((text) => make.literal(utf8(text)))));
    const language = make.concat(make.not(make.concat(has, any)), make.tag(0));
    return (then) => machine.begin(language, then);
  });
}

/**
 * Any text that ends with `end`, which occurs nowhere earlier in it.
 *
 * @param without texts that do not occur in it either.
 * @throws ParameterError for an empty text.
 * @example
 * ```ts
 * const thought = sequence(['<think>', textUpTo('</think>')]);
 * ```
 */
export function textUpTo(end: string, without: readonly string[] = []): Machine {
  const owner = 'textUpTo';
  if (typeof end !== 'string' || end === '') throw new ParameterError(owner, 'end', 'a text that is not empty', end);
  const given = checkList(owner, 'without', without, 'a list of texts that are not empty', {
    item(text): string {
      if (typeof text === 'string' && text !== '') return text;
      throw new ParameterError(owner, 'without', 'texts that are not empty', text);
    },
  });
  return new Machine((machine) => {
    const { make } = machine;
    const byte = make.bytes(byteSet([0, 255]));
    const any = make.repeat(byte, 0, Infinity);
    const has = make.concat(any, make.or([end, ...given].map((text) => make.literal(utf8(text)))));
    const ends = make.concat(any, make.literal(utf8(end)));
    const language = make.concat(make.and([ends, make.not(make.concat(has, byte, any))]), make.tag(0));
    return (then) => machine.begin(language, then);
  });
}

function checkParts(owner: string, parts: readonly GrammarPart[], least = 0): readonly GrammarPart[] {
  return checkList(owner, 'parts', parts, 'a list of texts and grammars', {
    least,
    item(part, at): GrammarPart {
      if (typeof part === 'string') return part;
      if (isInstance(part, Machine)) return part;
      throw new ParameterError(owner, `parts[${at}]`, 'a text, or a grammar of this package', part);
    },
  });
}

/** Parts of a machine, built once each however often they occur. */
const built = new WeakMap<Machine, Map<Machine, Start>>();

function startOf(machine: Machine, part: GrammarPart): Start {
  if (typeof part !== 'string') {
    const starts = built.get(machine) ?? new Map<Machine, Start>();
    built.set(machine, starts);
    const start = starts.get(part) ?? part.source(machine);
    starts.set(part, start);
    return start;
  }
  if (part === '') return (then) => then.resume(0, '');
  const language = machine.make.literal(utf8(part), machine.make.tag(0));
  return (then) => machine.begin(language, then);
}
