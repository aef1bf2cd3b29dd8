import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds within which a command must end, and what is waited for must come: busy machines are slow, what hangs ends here. */
const patience = 200_000;

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** The words that start the command from its source. */
export const commandWords: readonly string[] = [process.execPath, '--conditions=@tokenwright/source', main];

/** A command under way. What it writes is kept from its first moment on, and told when it hangs. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Rejects when the command hangs. */
  readonly ended: Promise<Ended>;
  readonly #words: readonly string[];
  readonly #written = { stdout: '', stderr: '' };
  readonly #seen = { stdout: 0, stderr: 0 };
  #isOver = false;

  constructor(words: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#words = words;
    const [program = '', ...rest] = words;
    this.child = spawn(program, rest, { env: environment });
    // A command that has ended already reads nothing.
    this.child.stdin.on('error', () => {});
    for (const name of ['stdout', 'stderr'] as const)
      this.child[name].setEncoding('utf8').on('data', (text: string) => {
        this.#written[name] += text;
      });
    this.ended = this.#end();
    this.ended.catch(() => {});
  }

  /** Wait for something that was not there when this was last asked. */
  async until(pattern: RegExp, from: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    const begun = performance.now();
    for (;;) {
      const isOver = this.#isOver;
      const match = pattern.exec(this.#written[from].slice(this.#seen[from]));
      if (match !== null) {
        this.#seen[from] += match.index + match[0].length;
        return;
      }
      if (isOver) throw this.#failure(`ended before ${pattern} came`);
      if (performance.now() - begun > patience) throw this.#failure(`did not write ${pattern}`);
      await delay(10);
    }
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  #end(): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(this.#failure('did not end')), patience);
      this.child.on('error', reject);
      this.child.on('close', (status) => {
        clearTimeout(limit);
        this.#isOver = true;
        resolve({ status, ...this.#written });
      });
    });
  }

  #failure(what: string): Error {
    this.child.kill('SIGKILL');
    const { stdout, stderr } = this.#written;
    return new Error(`'${this.#words.join(' ')}' ${what}.\nStandard output: ${stdout}\nStandard error: ${stderr}`);
  }
}

/** The environment of a command: no settings of this terminal, and no hub but one that a test names. */
export function cleanEnvironment(own: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(NO_COLOR|FORCE_COLOR|CI|HF_.*|HUGGING.*)$/.test(name),
  );
  const nowhere = { HF_ENDPOINT: 'http://127.0.0.1:9', HF_HOME: join(tmpdir(), 'tokenwright-no-hub') };
  return { ...Object.fromEntries(inherited), ...nowhere, ...own };
}

/** Start the command. */
export function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Running {
  return new Running([...commandWords, ...args], cleanEnvironment(environment));
}

/** Run the command to its end. */
export function run(args: readonly string[], input: string = '', environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const running = start(args, environment);
  running.child.stdin.end(input);
  return running.ended;
}
