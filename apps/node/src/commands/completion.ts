import type { Command, ListedCommand } from '../cli/command.ts';
import { bashCompletion, zshCompletion } from '../cli/completion.ts';
import { misuse } from '../cli/failure.ts';
import { print } from '../cli/output.ts';
import { jsonLine } from '../show/json.ts';

/** Prints the completion script for the commands of this program. */
export function completionCommand(load: () => Promise<readonly (Command & ListedCommand)[]>): Command {
  return {
    name: 'completion',
    about: 'Print a script for a shell that completes commands, flags and their values.',
    operands: ['<bash|zsh>'],
    examples: [
      ['eval "$(tokenwright completion bash)"', 'for this shell; add it to ~/.bashrc for all shells'],
      ['eval "$(tokenwright completion zsh)"', 'the same in ~/.zshrc'],
    ],
    flags: [
      {
        name: 'json',
        help: 'Print all commands with their flags as JSON, for other shells and tools. Takes no shell.',
        group: 'Output',
      },
      { name: 'debug', help: 'Show the stack of an error.', group: 'General' },
      { name: 'help', short: 'h', help: 'Print this.', group: 'General' },
    ],
    async run(given) {
      const [shell] = given.operands;
      const commands = await load();
      if (given.has('json')) {
        for (const { run: _, ...command } of commands) print(jsonLine(command));
        return undefined;
      }
      if (shell === 'bash') print(bashCompletion(commands));
      else if (shell === 'zsh') print(zshCompletion(commands));
      else
        throw misuse(`completion wants bash or zsh, but ${shell === undefined ? 'nothing' : `'${shell}'`} was given.`);
      return undefined;
    },
  };
}
