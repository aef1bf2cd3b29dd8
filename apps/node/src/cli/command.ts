import { parseArgs } from 'node:util';
import { UnknownOptionError } from '@tokenwright/core';
import { misuse } from './failure.ts';

/** One flag of a command, without the dashes: '--top-p' is 'top-p'. */
export interface Flag {
  readonly name: string;
  /** What represents the value in help texts: 'N'. A flag without one is on or off. */
  readonly value?: string;
  /** A single letter. */
  readonly short?: string;
  readonly help: string;
  /** Heading under which help lists it. */
  readonly group: string;
  /** Shell completion offers these; other values are refused when `closed`. */
  readonly choices?: readonly string[];
  readonly closed?: boolean;
  /** It may be given more than once. */
  readonly repeats?: boolean;
  /** Former names. The error for them names this flag. */
  readonly former?: readonly string[];
}

/** A command of the program: `tokenwright <name> …`. */
export interface Command {
  readonly name: string;
  /** The beginning of its own help. */
  readonly about: string;
  /** Names of the arguments without a flag: '[prompt]'. */
  readonly operands: readonly string[];
  readonly flags: readonly Flag[];
  /** Command lines with what they show. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Returns the status to leave with; 0 when it returns nothing. */
  run(given: Given): Promise<number | undefined>;
}

/** A command as the program lists it. */
export interface ListedCommand {
  readonly name: string;
  /** One line. */
  readonly summary: string;
}

/** What was given on the command line. */
export class Given {
  readonly operands: readonly string[];
  /** Flags in the order of the command line. */
  readonly ordered: readonly { readonly name: string; readonly value: string | undefined }[];

  constructor(operands: readonly string[], ordered: Given['ordered']) {
    this.operands = operands;
    this.ordered = ordered;
  }

  has(name: string): boolean {
    return this.ordered.some((flag) => flag.name === name);
  }

  /** The last value of a flag. */
  text(name: string): string | undefined {
    return this.ordered.findLast((flag) => flag.name === name)?.value;
  }

  /** All values of a flag that may be repeated. */
  texts(name: string): string[] {
    return this.ordered.filter((flag) => flag.name === name).map(({ value }) => value ?? '');
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : asNumber(`--${name}`, text);
  }
}

/** A number; a Failure that names the flag for anything else. */
export function asNumber(flag: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (text.trim() === '' || Number.isNaN(value)) throw misuse(`${flag} wants a number, but '${text}' was given.`);
  return value;
}

/** Read a command line. Errors name the nearest flag that exists. */
export function parse(command: Command, argv: readonly string[]): Given {
  const flags = new Map(command.flags.map((flag) => [flag.name, flag]));
  const options = Object.fromEntries(
    command.flags.map(({ name, value, short }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const operands: string[] = [];
  const ordered: { name: string; value: string | undefined }[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flags.get(token.name);
    if (flag === undefined) throw unknownFlag(command, token.rawName);
    checkValue(flag, token.value, token.inlineValue === true, flags);
    if (flag.repeats !== true && ordered.some(({ name }) => name === flag.name))
      throw misuse(`--${flag.name} was given twice.`);
    ordered.push({ name: flag.name, value: token.value });
  }
  const most = command.operands.length;
  if (operands.length > most)
    throw misuse(
      most === 0
        ? `'${command.name}' takes flags only, but '${operands[0]}' was given.`
        : `'${operands[most]}' is one argument too many for '${command.name}'. A text with spaces needs quotes.`,
    );
  return new Given(operands, ordered);
}

function checkValue(flag: Flag, value: string | undefined, inline: boolean, flags: ReadonlyMap<string, Flag>): void {
  const { name } = flag;
  if (flag.value === undefined) {
    if (value !== undefined) throw misuse(`--${name} takes no value, but '${value}' was given.`);
    return;
  }
  const isFlag = !inline && value?.startsWith('--') === true && flags.has(value.slice(2).split('=')[0]!);
  if (value === undefined || isFlag) throw misuse(`--${name} needs a value: --${name} ${flag.value}`);
  if (flag.closed && !flag.choices!.includes(value)) {
    const nearest = nearestOf(value, flag.choices!);
    const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
    throw misuse(`--${name} must be one of ${flag.choices!.join(', ')}, but '${value}' was given.${hint}`);
  }
}

function unknownFlag(command: Command, raw: string): Error {
  const name = raw.replace(/^-+/, '');
  const nearest =
    command.flags.find(({ former }) => former?.includes(name))?.name ??
    nearestOf(
      name,
      command.flags.map((flag) => flag.name),
    );
  const hint = nearest === undefined ? '' : ` Did you mean --${nearest}?`;
  return misuse(`There is no flag ${raw}.${hint} 'tokenwright ${command.name} --help' lists all.`);
}

/** The name that was probably meant. */
function nearestOf(name: string, names: readonly string[]): string | undefined {
  const longer = names.find((candidate) => name.length > 2 && holdsWords(candidate, name));
  return longer ?? new UnknownOptionError('tokenwright', name, names).nearest;
}

/** Whether a flag has every word of a name: 'num-beams' has those of 'beams'. */
function holdsWords(flag: string, name: string): boolean {
  const words = flag.split('-');
  return name.split('-').every((word) => words.includes(word));
}
