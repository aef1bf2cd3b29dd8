import { inspect } from 'node:util';
import { UnknownOptionError } from '@tokenwright/core';
import { type Command, parse } from './cli/command.ts';
import { describeError, misuse } from './cli/failure.ts';
import { commandHelp, programHelp } from './cli/help.ts';
import { interrupt } from './cli/interrupt.ts';
import { print, report } from './cli/output.ts';
import { paintFor, widthOf } from './cli/terminal.ts';
import { benchCommand } from './commands/bench.ts';
import { chatCommand } from './commands/chat.ts';
import { compareCommand } from './commands/compare.ts';
import { completionCommand } from './commands/completion.ts';
import { convertCommand } from './commands/convert.ts';
import { demoCommand } from './commands/demo.ts';
import { explainCommand } from './commands/explain.ts';
import { generateCommand } from './commands/generate.ts';
import { inspectCommand } from './commands/inspect.ts';
import { modelsCommand } from './commands/models.ts';
import { scoreCommand } from './commands/score.ts';
import { strategiesCommand } from './commands/strategies.ts';
import { translateCommand } from './commands/translate.ts';
import { version } from './version.ts';

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  demoCommand,
  generateCommand,
  chatCommand,
  explainCommand,
  scoreCommand,
  compareCommand,
  strategiesCommand,
  translateCommand,
  inspectCommand,
  convertCommand,
  benchCommand,
  modelsCommand,
  completionCommand(() => commands),
];

/** Run one command line. Returns the status to leave with. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return (await dispatch(argv)) ?? interrupt.status ?? 0;
  } catch (error) {
    if (interrupt.status !== undefined) return interrupt.status;
    if (argv.includes('--debug')) report(`${inspect(error)}\n`);
    const { line, status } = describeError(error);
    report(`tokenwright: ${line}\n`);
    return status;
  }
}

async function dispatch(argv: readonly string[]): Promise<number | undefined> {
  const [name, ...rest] = argv;
  const paint = paintFor(process.stdout);
  if (name === '--version' || name === '-V') {
    print(`${version()}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    print(programHelp(commands, version(), paint, Math.min(100, widthOf(process.stdout))));
    return 0;
  }
  const command = commandNamed(name === 'help' ? rest[0]! : name);
  if (name === 'help' || wantsHelp(rest)) {
    print(commandHelp(command, paint, Math.min(100, widthOf(process.stdout))));
    return 0;
  }
  return command.run(parse(command, rest));
}

function wantsHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

function commandNamed(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  if (name.startsWith('-')) {
    const { nearest } = new UnknownOptionError('tokenwright', name, ['--help', '--version']);
    throw misuse(
      `There is no flag ${name} without a command.${nearest === undefined ? '' : ` Did you mean ${nearest}?`} 'tokenwright --help' lists the commands.`,
    );
  }
  const { nearest } = new UnknownOptionError(
    'tokenwright',
    name,
    commands.map((candidate) => candidate.name),
  );
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  throw misuse(`There is no command '${name}'.${hint} 'tokenwright --help' lists all.`);
}
