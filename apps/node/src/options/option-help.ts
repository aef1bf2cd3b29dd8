import type { Option, OptionDeclarations } from '@tokenwright/core/options';
import { settable } from './read-options.ts';

/** 'numReturnSequences' -> 'num-return-sequences'. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What represents the value of an option in help texts: 'P', 'IDS|TEXT', 'left|right'. */
export function placeholder(name: string, { kind, choices }: Option): string {
  switch (kind) {
    case 'boolean':
      return 'true|false';
    case 'choice':
      return choices === undefined ? kebabCase(name).toUpperCase() : choices.join('|');
    case 'tokens':
      return 'IDS|TEXT';
    case 'token-lists':
      return 'TEXT|JSON';
    case 'integer':
    case 'number':
      return [kebabCase(name).toUpperCase(), ...(choices ?? [])].join('|');
    default:
      return kebabCase(name).toUpperCase();
  }
}

/** 'from 0 to 1; 1 is off; for example 0.95'; empty when nothing is known, and for a boolean that is false by default. */
export function factsOf({ kind, allowed, off, default: absent, suggested }: Option): string {
  const isNumber = kind === 'number' || kind === 'integer';
  const range = isNumber
    ? allowed?.replace(/^an? (number|integer) ?(of )?/, '').replace(' or Infinity', '')
    : undefined;
  const isShown = (value: unknown): boolean => isPlain(value) && value !== Infinity && value !== false;
  return [
    ...(range === undefined || range === '' || /^an? /.test(range) ? [] : [range]),
    ...(isShown(off) && off !== absent ? [`${off} is off`] : []),
    ...(isShown(absent) ? [`default ${absent}${off === absent ? ', which is off' : ''}`] : []),
    ...(isShown(suggested) ? [`for example ${suggested}`] : []),
  ].join('; ');
}

/** What a flag takes besides its main option, with defaults: 'min-keep=N (1)'. */
export function otherOptions(declared: OptionDeclarations, hasMain = true): readonly string[] {
  return settable(declared)
    .slice(hasMain ? 1 : 0)
    .map(([name, option]) => {
      const value = option.kind === 'number' ? 'X' : option.kind === 'integer' ? 'N' : placeholder(name, option);
      const words = option.kind === 'integer' || option.kind === 'number' ? (option.choices ?? []) : [];
      const shown = isPlain(option.default) ? ` (${option.default})` : '';
      return `${kebabCase(name)}=${[value, ...words].join('|')}${shown}`;
    });
}

function isPlain(value: unknown): boolean {
  return ['number', 'string', 'boolean'].includes(typeof value) && value !== '';
}
