import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** The words that start the command from its source. */
export const commandWords: readonly string[] = [process.execPath, '--conditions=@tokenwright/source', main];

/** Start the command, with no settings of this terminal. */
export function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const [program = '', ...words] = commandWords;
  // Nothing may reach a real hub; a test names its own.
  const nowhere = { HF_ENDPOINT: 'http://127.0.0.1:9', HF_HOME: join(tmpdir(), 'tokenwright-no-hub') };
  return spawn(program, [...words, ...args], { env: { ...inherited, ...nowhere, ...environment } });
}

/** Wait for the end of a command. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const parts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      parts[name] += text;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...parts }));
  });
}

/** Run the command to its end. */
export function run(args: readonly string[], input: string = ''): Promise<Ended> {
  const child = start(args);
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return ended(child);
}
