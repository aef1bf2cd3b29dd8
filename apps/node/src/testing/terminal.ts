import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { commandWords } from './command-line.ts';

/** Of util-linux: runs a command in a terminal. */
const program = 'script';

/** Whether this machine can run a command in a terminal. */
export const hasTerminal: boolean = process.platform === 'linux' && spawnSync(program, ['--version']).status === 0;

/** The command in a terminal of 80 columns, with a person at it. */
export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #screen = '';
  #read = 0;

  constructor(args: readonly string[]) {
    const quoted = [...commandWords, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
    this.#child = spawn(program, ['-qec', `stty cols 80; ${quoted}`, '/dev/null'], {
      env: { ...inherited, TERM: 'xterm-256color' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#screen += text;
    });
  }

  /** Wait for something that was not there when this was last asked. */
  async until(text: string | RegExp): Promise<void> {
    for (let waited = 0; waited < 60_000; waited += 20) {
      const fresh = this.#screen.slice(this.#read);
      if (typeof text === 'string' ? fresh.includes(text) : text.test(fresh)) {
        this.#read = this.#screen.length;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#child.kill();
    throw new Error(`No ${text} came, but: ${this.#screen}`);
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  status(): Promise<number | null> {
    return new Promise((resolve) => this.#child.on('close', resolve));
  }
}
