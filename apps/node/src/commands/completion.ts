import type { Command } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { print } from '../cli/output.ts';
import { bashCompletion, zshCompletion } from '../show/completion.ts';
import { jsonLine } from '../show/json.ts';

/** Prints the completion script for the commands of this program. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'A script that completes commands and flags in bash or zsh',
    about: 'Print a script with which a shell completes commands, flags and their values.',
    operands: ['<bash|zsh>'],
    examples: [
      ['eval "$(tokenwright completion bash)"', 'for this shell; in ~/.bashrc, for every one'],
      ['eval "$(tokenwright completion zsh)"', 'the same in ~/.zshrc'],
    ],
    flags: [
      {
        name: 'json',
        help: 'All commands with their flags, as JSON, for other shells and tools; no shell is named then.',
        group: 'Output',
      },
      { name: 'debug', help: 'Show the stack of an error.', group: 'General' },
      { name: 'help', short: 'h', help: 'Print this.', group: 'General' },
    ],
    async run(given) {
      const [shell] = given.operands;
      if (given.has('json')) {
        for (const { run: _, ...command } of commands()) print(jsonLine(command));
        return undefined;
      }
      if (shell === 'bash') print(bashCompletion(commands()));
      else if (shell === 'zsh') print(zshCompletion(commands()));
      else
        throw misuse(`completion wants bash or zsh, but ${shell === undefined ? 'nothing' : `'${shell}'`} was given.`);
      return undefined;
    },
  };
}
