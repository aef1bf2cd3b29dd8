import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandWords, ended, start } from './testing/command-line.ts';

const slow = ['generate', 'The old', '--seed', '1', '--cache', 'none', '-n', '400', '--end-tokens', 'none'];

/** Start a command and wait for the first of its text. */
async function startAndWait(): Promise<ReturnType<typeof start>> {
  const child = start(slow);
  await new Promise((resolve) => child.stdout.once('readable', resolve));
  return child;
}

describe.skipIf(process.platform === 'win32')('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the text in good order', async (signal, expected) => {
    const child = await startAndWait();
    const end = ended(child);
    child.kill(signal);
    const { status, stdout, stderr } = await end;
    expect(status).toBe(expected);
    expect(stdout).toMatch(/^.+\n$/s);
    expect(stderr).toMatch(/^\d+ tokens?.*; stopped\n$/);
  });

  it('ends loading too', async () => {
    const child = start(['generate', 'The old']);
    const end = ended(child);
    child.stdin.write('x');
    await new Promise((resolve) => setTimeout(resolve, 400));
    child.kill('SIGINT');
    const { status, stderr } = await end;
    expect([130, null]).toContain(status);
    expect(stderr).not.toContain('    at ');
  });
});

it.skipIf(process.platform === 'win32')('a reader that has seen enough ends the command quietly', async () => {
  const child = await startAndWait();
  const end = ended(child);
  child.stdout.destroy();
  const { status, stderr } = await end;
  expect([status, stderr]).toEqual([141, '']);
});

it.skipIf(process.platform === 'win32')('so does one that has seen enough of the notes', async () => {
  const child = start([...slow, '--verbose']);
  const end = ended(child);
  child.stderr.destroy();
  child.stdout.destroy();
  expect((await end).status).toBe(141);
});

/** Of util-linux: runs a command in a terminal. */
const terminalProgram = 'script';

/** Run in a terminal of 80 columns. */
function inTerminal(args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  const quoted = [...commandWords, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  const { stdout } = spawnSync(terminalProgram, ['-qec', `stty cols 80; ${quoted}`, '/dev/null'], {
    encoding: 'utf8',
    env: { ...inherited, TERM: 'xterm-256color', ...environment },
  });
  return stdout;
}

const hasScript = process.platform === 'linux' && spawnSync(terminalProgram, ['--version']).status === 0;

describe.skipIf(!hasScript)('on a terminal', () => {
  it('the explanation has colours', () => {
    const text = inTerminal(['explain', 'It was a dark', '--seed', '1', '-n', '1']);
    expect(text).toContain('\x1b[32m█');
    expect(text).toContain('18.9 %');
  });

  it('NO_COLOR turns them off', () => {
    const text = inTerminal(['explain', 'It was a dark', '--seed', '1', '-n', '1'], { NO_COLOR: '1' });
    expect(text).not.toContain('\x1b[3');
    expect(text).toContain('18.9 %');
  });

  it('the text that was scored is coloured by its probabilities', () => {
    expect(inTerminal(['score', 'The king went to the forest.'])).toContain('from 50 %');
  });
});
