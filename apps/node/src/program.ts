import { inspect } from 'node:util';
import { UnknownOptionError } from '@tokenwright/core';
import { type Command, type ListedCommand, parse } from './cli/command.ts';
import { describeError, misuse } from './cli/failure.ts';
import { commandHelp, programHelp } from './cli/help.ts';
import { interrupt } from './cli/interrupt.ts';
import { print, report } from './cli/output.ts';
import { paintFor, widthOf } from './cli/terminal.ts';
import { version } from './version.ts';

/** A command that is imported when it is used: engines, models and samplers take most of the time of a start. */
interface LazyCommand extends ListedCommand {
  load(): Promise<Command>;
}

/** Every command, in the order in which help lists them. */
const commands: readonly LazyCommand[] = [
  {
    name: 'demo',
    summary: 'The bundled model writes a paragraph',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  {
    name: 'generate',
    summary: 'Continue a text',
    load: async () => (await import('./commands/generate.ts')).generateCommand,
  },
  {
    name: 'chat',
    summary: 'Talk with a model that was trained to chat',
    load: async () => (await import('./commands/chat.ts')).chatCommand,
  },
  {
    name: 'explain',
    summary: 'Watch each token being chosen: candidates before and after each sampler',
    load: async () => (await import('./commands/explain.ts')).explainCommand,
  },
  {
    name: 'score',
    summary: 'How probable a model finds a text, token by token; perplexity',
    load: async () => (await import('./commands/score.ts')).scoreCommand,
  },
  {
    name: 'compare',
    summary: 'Time per token with and without a cache, as the text grows',
    load: async () => (await import('./commands/compare.ts')).compareCommand,
  },
  {
    name: 'strategies',
    summary: 'One prompt, decoded in five ways, and speculative decoding timed',
    load: async () => (await import('./commands/strategies.ts')).strategiesCommand,
  },
  {
    name: 'translate',
    summary: 'Translate with an encoder-decoder model; watch how beam search decides',
    load: async () => (await import('./commands/translate.ts')).translateCommand,
  },
  {
    name: 'inspect',
    summary: 'What a model is: family, shapes, sizes, which files are used and why',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
  },
  {
    name: 'convert',
    summary: 'Convert a model: smaller, or from GGUF to safetensors',
    load: async () => (await import('./commands/convert.ts')).convertCommand,
  },
  {
    name: 'bench',
    summary: 'How fast this machine runs a model, on each engine',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  {
    name: 'models',
    summary: 'List bundled models and downloaded models',
    load: async () => (await import('./commands/models.ts')).modelsCommand,
  },
  {
    name: 'completion',
    summary: 'A script that completes commands and flags in bash or zsh',
    load: async () => (await import('./commands/completion.ts')).completionCommand(allCommands),
  },
];

/** All commands, imported. */
export function allCommands(): Promise<readonly (Command & ListedCommand)[]> {
  return Promise.all(commands.map(async ({ name, summary, load }) => ({ ...(await load()), name, summary })));
}

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
  const command = await commandNamed(name === 'help' ? rest[0]! : name).load();
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

function commandNamed(name: string): LazyCommand {
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
