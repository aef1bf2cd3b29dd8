import { ParameterError } from '@tokenwright/core';
import { checkBoolean, checkList, checkString, isInstance, readOptions } from '@tokenwright/core/options';
import { byteSet } from '../expressions/expression.ts';
import { utf8 } from '../expressions/utf8.ts';
import { type Continuation, Machine, type Outcome } from '../machine/machine.ts';

/** A part of a reply with a grammar of its own. */
export interface TriggeredTag {
  /** The text with which it begins. It begins with one of the triggers. */
  readonly begin: string;
  /** What is inside: `jsonSchema(...)` or another grammar of this package. */
  readonly content: Machine;
  /** The text with which it ends. */
  readonly end: string;
}

export interface TriggeredOptions {
  /** Texts after which a tag must follow. */
  readonly triggers: readonly string[];
  readonly tags: readonly TriggeredTag[];
  /** The reply must have a tag. Default false. */
  readonly atLeastOne?: boolean;
  /** The reply ends after the first tag. Default false. */
  readonly stopAfterFirst?: boolean;
}

/**
 * Free text, with tags in which a grammar holds. As soon as the text has a trigger, one of the tags that begin with it must
 * follow; after its end the text is free again. This is how models call tools and reason before they answer.
 *
 * @throws ParameterError for a tag that begins with no trigger, and for a trigger that no tag begins with.
 * @example
 * ```ts
 * const reply = triggered({
 *   triggers: ['<tool_call>'],
 *   tags: [{ begin: '<tool_call>', content: jsonSchema(callSchema), end: '</tool_call>' }],
 * });
 * ```
 */
export function triggered(options: TriggeredOptions): Machine {
  const owner = 'triggered';
  const given = readOptions(owner, options, ['triggers', 'tags', 'atLeastOne', 'stopAfterFirst']);
  const atLeastOne = flagOf(owner, 'atLeastOne', given.atLeastOne);
  const stopAfterFirst = flagOf(owner, 'stopAfterFirst', given.stopAfterFirst);
  const triggers = checkList(owner, 'triggers', given.triggers, 'a list of texts that are not empty', {
    least: 1,
    item(trigger): string {
      if (typeof trigger === 'string' && trigger !== '') return trigger;
      throw new ParameterError(owner, 'triggers', 'texts that are not empty', trigger);
    },
  });
  const tags = checkList(owner, 'tags', given.tags, 'a list of tags', {
    least: 1,
    item(tag, at): TriggeredTag {
      const name = `tags[${at}]`;
      const { begin, content, end } = readOptions(owner, tag as TriggeredTag, ['begin', 'content', 'end'], name);
      checkString(owner, `${name}.begin`, begin);
      checkString(owner, `${name}.end`, end);
      if (!isInstance(content, Machine))
        throw new ParameterError(owner, `${name}.content`, 'a grammar of this package', content);
      const allowed = `a text that begins with a trigger: ${triggers.join(', ')}`;
      if (!triggers.some((trigger) => begin.startsWith(trigger)))
        throw new ParameterError(owner, `${name}.begin`, allowed, begin);
      return { begin, content, end };
    },
  });
  for (const trigger of triggers)
    if (!tags.some(({ begin }) => begin.startsWith(trigger)))
      throw new ParameterError('triggered', 'triggers', 'texts with which a tag begins', trigger);
  return new Machine((machine) => {
    const { make } = machine;
    const any = make.repeat(make.bytes(byteSet([0, 255])), 0, Infinity);
    const has = make.concat(any, make.or(triggers.map((trigger) => make.literal(utf8(trigger)))));
    /** Texts that end with the first trigger in them, with the trigger's number as the tag. */
    const upTo = (trigger: string, index: number) =>
      make.concat(
        make.and([
          make.concat(any, make.literal(utf8(trigger))),
          make.not(make.concat(has, make.bytes(byteSet([0, 255])), any)),
        ]),
        make.tag(1 + index),
      );
    const reaching = make.or(triggers.map(upTo));
    const free = make.concat(make.not(make.concat(has, any)), make.tag(0));
    const contents = tags.map(({ content }) => content.source(machine));
    const prefix = machine.prefix();
    const text = (then: Continuation, done: boolean): Outcome => {
      const inner = machine.continuation(`${prefix}t${done},${then.id}`, (id) => ({
        id,
        pointer: 'the text before a tag',
        captures: false,
        resume: (tag) => {
          if (tag === 0) return then.resume(0, '');
          const trigger = triggers[tag - 1]!;
          const fitting = tags.flatMap(({ begin }, i) => (begin.startsWith(trigger) ? [i] : []));
          const begins = make.literals(
            fitting.map((i) => utf8(tags[i]!.begin.slice(trigger.length))),
            (i) => make.tag(fitting[i]!),
          );
          return machine.begin(begins, opened(then));
        },
      }));
      return machine.begin(make.or([reaching, ...(done || !atLeastOne ? [free] : [])]), inner);
    };
    const opened = (then: Continuation): Continuation =>
      machine.continuation(`${prefix}o${then.id}`, (id) => ({
        id,
        pointer: 'the beginning of a tag',
        captures: false,
        resume: (index) => contents[index]!(closing(index, then)),
      }));
    const closing = (index: number, then: Continuation): Continuation =>
      machine.continuation(`${prefix}c${index},${then.id}`, (id) => ({
        id,
        pointer: `the end of tag ${index}`,
        captures: false,
        resume: () => machine.begin(make.literal(utf8(tags[index]!.end), make.tag(0)), closed(then)),
      }));
    const closed = (then: Continuation): Continuation =>
      machine.continuation(`${prefix}e${then.id}`, (id) => ({
        id,
        pointer: 'the text after a tag',
        captures: false,
        resume: () => (stopAfterFirst ? then.resume(0, '') : text(then, true)),
      }));
    return (then) => text(then, false);
  });
}

function flagOf(owner: string, name: string, value: boolean | undefined): boolean {
  return value === undefined ? false : checkBoolean(owner, name, value);
}
