import type { Tokenizer } from '@tokenwright/core';
import type { Option, OptionDeclarations } from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import { asNumber } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';

/** Reads the text of one option. Texts become tokens with the model's tokenizer. */
export type ReadValue = (option: Option, text: string, name: string) => unknown;

/** The declared options that a command line can give: code cannot be written there, and token texts come from the tokenizer. */
export function settable(declared: OptionDeclarations): readonly (readonly [name: string, option: Option])[] {
  return Object.entries(declared).filter(([, { kind }]) => kind !== 'code' && kind !== 'token-texts');
}

/**
 * The options in the value of a flag: '0.9,min-keep=2' -> { p: 0.9, minKeep: 2 }. The value without a name is the main option, which
 * is declared first. 'default' gives none. A JSON object is taken as it is. The factory checks values and names.
 *
 * @param flag without dashes, for messages.
 * @param hasMain false when every option must be named.
 * @throws Failure for a text that cannot be read.
 */
export function readOptions(
  flag: string,
  declared: OptionDeclarations,
  text: string,
  read: ReadValue,
  hasMain = true,
): Record<string, unknown> {
  if (text.startsWith('{')) return parseJson(flag, text) as Record<string, unknown>;
  const options = Object.fromEntries(settable(declared));
  const main = hasMain ? Object.keys(options)[0] : undefined;
  if (text === 'default' && !(main !== undefined && isFree(options[main]))) return {};
  const texts = split(flag, options, main, text);
  return Object.fromEntries(
    texts.map(([name, value]) => {
      const option = Object.hasOwn(declared, name) ? declared[name] : undefined;
      // The factory refuses a name that is not declared, with the nearest one.
      if (option === undefined) return [name, value];
      if (!Object.hasOwn(options, name)) throw misuse(`--${flag}: only code can give ${name}.`);
      return [name, read(option, value, name)];
    }),
  );
}

/** The text of each option. Commas separate options, except within a list or a text. */
function split(
  flag: string,
  options: OptionDeclarations,
  main: string | undefined,
  text: string,
): (readonly [name: string, text: string])[] {
  const names = Object.keys(options);
  // A text that is the only option needs no escapes.
  if (main !== undefined && names.length === 1 && isFree(options[main])) return [[main, text]];
  const found = new Map<string, string>();
  let current: string | undefined;
  for (const part of text.split(',')) {
    const [, spelled, value = ''] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(part) ?? [];
    const name = spelled === undefined ? undefined : camelCase(spelled);
    const open: string | undefined = current ?? main;
    const option = open === undefined ? undefined : options[open];
    if (name !== undefined && (Object.hasOwn(options, name) || !isFree(option))) {
      if (found.has(name)) throw misuse(`--${flag}: ${name} was given twice.`);
      found.set(name, value);
      current = name;
    } else if (current === undefined && main !== undefined) {
      found.set(main, part);
      current = main;
    } else if (current !== undefined && (isFree(option) || option?.kind === 'tokens')) {
      found.set(current, `${found.get(current)},${part}`);
    } else throw misuse(`--${flag}: '${part}' lacks a name; write name=value.`);
  }
  return [...found];
}

/** Whether a value of this option may contain commas and equals signs. */
function isFree(option: Option | undefined): boolean {
  return option !== undefined && ['text', 'token-lists', 'json'].includes(option.kind);
}

/** Reads values by the kind of the option. `flag`: without dashes, for messages. */
export function valueReader(flag: string, tokenizer?: Tokenizer): ReadValue {
  return ({ kind, choices, default: absent }, text) => {
    switch (kind) {
      case 'number':
      case 'integer':
        return text === 'none' && absent === null ? null : numberOrText(flag, text);
      case 'boolean':
        return text === 'true' ? true : text === 'false' ? false : text;
      case 'choice':
        return choices?.find((choice) => String(choice) === text) ?? text;
      case 'tokens':
        return tokens(text, tokenizer);
      case 'token-lists':
        if (text === 'none') return [];
        return text.startsWith('[') ? parseJson(flag, text) : [encode(text, tokenizer)];
      case 'json':
        return jsonOrList(flag, text);
      default:
        return text;
    }
  };
}

export function parseJson(flag: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw misuse(`--${flag}: the JSON cannot be read: ${(error as Error).message}`);
  }
}

/** Token ids, or the tokens of a text. */
function tokens(text: string, tokenizer: Tokenizer | undefined): number[] {
  if (text === 'none') return [];
  // A list with a slip in it must not be taken for a text.
  return /^[\s\d,+.-]|^$/.test(text) && !/^ +[^\s\d]/.test(text) ? numbers(text) : encode(text, tokenizer);
}

function encode(text: string, tokenizer: Tokenizer | undefined): number[] {
  if (tokenizer === undefined) return numbers(text);
  return tokenizer.encode(text, { addSpecialTokens: false });
}

/** '3, 5' -> [3, 5]; other text is NaN, which the option's check refuses. */
function numbers(text: string): number[] {
  return text
    .trim()
    .split(/[\s,]+/)
    .map((part) => (part === '' ? Number.NaN : Number(part)));
}

/** JSON, a list of numbers ('3,1,4'), or pairs ('5=1,6=-Infinity'). */
function jsonOrList(flag: string, text: string): unknown {
  if (/^[[{"]/.test(text)) return parseJson(flag, text);
  if (!text.includes('=')) return numbers(text);
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const at = pair.indexOf('=');
      const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [key.trim(), numberOrText(flag, value.trim())];
    }),
  );
}

/** A value of an option without a declaration, by its spelling: a number, true, false or a text. */
export function asValue(flag: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value === 'true' ? true : value === 'false' ? false : numberOrText(flag, value);
}

/** -Infinity stays a text: options that accept it take the spelling of JSON. */
function numberOrText(flag: string, text: string): unknown {
  if (text === 'Infinity') return Infinity;
  return /^[+-]?(\d|\.\d)/.test(text) ? asNumber(`--${flag}`, text) : text;
}
