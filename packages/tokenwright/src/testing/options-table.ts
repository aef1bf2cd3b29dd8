import type { Option } from '@tokenwright/core/options';
import { flatSamplingOptions } from '@tokenwright/samplers';
import { callOptions } from '../options/call-options.ts';
import { strategyOptions } from '../options/strategy-options.ts';
import { structuredOutputOptions } from '../structured/structured-output.ts';

/** The part of the README that is made from the declarations of the options. */
export function optionTables(): string {
  const groups: [string, string[]][] = [
    ['Sampling', Object.keys(flatSamplingOptions)],
    ['Strategy', [...Object.keys(strategyOptions), 'strategy', 'samplers']],
    ['Structured output', Object.keys(structuredOutputOptions)],
  ];
  const grouped = groups.flatMap(([, names]) => names);
  groups.push(['Lengths, ends, cache and reports', Object.keys(callOptions).filter((name) => !grouped.includes(name))]);
  return groups.map(([title, names]) => `### ${title}\n\n${table(names)}`).join('\n\n');
}

function table(names: readonly string[]): string {
  const rows = names.map((name) => {
    const option = callOptions[name]!;
    return [`\`${name}\``, `${option.help}${inBounds(option)}`, shown(option.off), shown(option.default)];
  });
  const all = [['option', 'what it does', 'off', 'default'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(all[0]!), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

function inBounds({ kind, min, max, choices }: Option): string {
  if (choices !== undefined) return `: ${choices.map(shown).join(', ')}`;
  if (kind !== 'number' && kind !== 'integer') return '';
  const from = min !== undefined && Number.isFinite(min) ? `from ${min}` : '';
  const to = max !== undefined && Number.isFinite(max) ? `to ${max}` : '';
  return from === '' && to === '' ? '' : ` (${[from, to].filter(Boolean).join(' ')})`;
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  return `\`${typeof value === 'string' ? `'${value}'` : typeof value === 'number' ? value : JSON.stringify(value)}\``;
}
