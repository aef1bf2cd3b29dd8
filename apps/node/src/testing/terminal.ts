import { spawnSync } from 'node:child_process';
import { cleanEnvironment, commandWords, Running } from './command-line.ts';

/** Of util-linux: runs a command in a terminal. */
const program = 'script';

/** Whether this machine can run a command in a terminal. */
export const hasTerminal: boolean = process.platform === 'linux' && spawnSync(program, ['--version']).status === 0;

/** Start the command in a terminal of 80 columns; its standard output is the screen. */
export function startInTerminal(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Running {
  const quoted = [...commandWords, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  // The shell of the person may be any; and one that stays beside the command would take Ctrl-C for itself.
  return new Running(
    [program, '-qec', `stty cols 80; exec ${quoted}`, '/dev/null'],
    cleanEnvironment({ TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment }),
  );
}
