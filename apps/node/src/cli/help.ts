import type { Command, Flag, ListedCommand } from './command.ts';
import { type Paint, wrap } from './terminal.ts';

/** The help of one command. */
export function commandHelp(command: Command, paint: Paint, width: number): string {
  const lines: string[] = [];
  for (const paragraph of command.about.split('\n')) lines.push(...wrap(paragraph, width));
  lines.push('', heading('Usage', paint));
  lines.push(`  ${['tokenwright', command.name, ...command.operands, '[flags]'].join(' ')}`);
  if (command.examples.length > 0) {
    lines.push('', heading('Examples', paint));
    for (const [line, meaning] of command.examples) lines.push(`  ${paint('cyan', line)}`, `      ${meaning}`);
  }
  for (const group of new Set(command.flags.map((flag) => flag.group))) {
    lines.push('', heading(group, paint));
    const members = command.flags.filter((flag) => flag.group === group);
    const column = Math.min(26, Math.max(...members.map((flag) => spelling(flag).length)) + 2);
    for (const flag of members) lines.push(...flagHelp(flag, column, paint, width));
  }
  return `${lines.join('\n')}\n`;
}

/** The help of the program. */
export function programHelp(commands: readonly ListedCommand[], version: string, paint: Paint, width: number): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 3;
  const list = commands.flatMap(({ name, summary }) =>
    wrap(summary, width - column - 2).map(
      (line, row) => `  ${row === 0 ? paint('cyan', name.padEnd(column)) : ' '.repeat(column)}${line}`,
    ),
  );
  return `tokenwright ${version}: text from language models, one token at a time, on TensorFlow.js.

${heading('First steps', paint)}
  ${paint('cyan', 'tokenwright demo')}
      the bundled model writes a paragraph; nothing is downloaded
  ${paint('cyan', 'tokenwright explain "It was a dark"')}
      see how each token is chosen
  ${paint('cyan', 'tokenwright chat --model HuggingFaceTB/SmolLM2-135M-Instruct')}
      chat with a model, which is downloaded once

${heading('Commands', paint)}
${list.join('\n')}

'tokenwright <command> --help' describes a command. --version prints the version.
`;
}

function flagHelp(flag: Flag, column: number, paint: Paint, width: number): string[] {
  const spelled = spelling(flag);
  const text = wrap(flag.help, Math.max(24, width - column - 2));
  const painted = paint('cyan', spelled);
  const pad = ' '.repeat(column + 2);
  if (spelled.length > column - 2) return [`  ${painted}`, ...text.map((line) => pad + line)];
  const [first = '', ...rest] = text;
  return [`  ${painted}${' '.repeat(column - spelled.length)}${first}`, ...rest.map((line) => pad + line)];
}

function spelling({ name, short, value }: Flag): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

function heading(text: string, paint: Paint): string {
  return paint('bold', text);
}
