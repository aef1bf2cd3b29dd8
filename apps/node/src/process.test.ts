import { describe, expect, it } from 'vitest';
import { cleanEnvironment, commandWords, Running, start } from './testing/command-line.ts';
import { hasTerminal, startInTerminal } from './testing/terminal.ts';

/** Takes long: each step computes all tokens again. */
const slow = ['generate', 'The old', '--seed', '1', '--cache', 'none', '-n', '400', '--eos-token-ids', 'none'];

/** Start a command and wait for the first of its text. */
async function startAndWait(): Promise<Running> {
  const running = start(slow);
  await running.until(/./);
  return running;
}

describe.skipIf(process.platform === 'win32')('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the text in good order', async (signal, expected) => {
    const running = await startAndWait();
    running.child.kill(signal);
    const { status, stdout, stderr } = await running.ended;
    expect(stderr).toMatch(/^\d+ tokens?.*; stopped\n$/);
    expect(stdout).toMatch(/^.+\n$/s);
    expect(status).toBe(expected);
  });

  it('ends loading too', async () => {
    const running = start([...slow, '--verbose']);
    await running.until(/engine: /, 'stderr');
    running.child.kill('SIGINT');
    const { status, stderr } = await running.ended;
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(130);
  });

  it('ends a program that has hardly begun', async () => {
    const running = start(slow);
    running.child.kill('SIGINT');
    expect(await running.ended).toEqual({ status: null, stdout: '', stderr: '' });
  });
});

describe.skipIf(process.platform === 'win32')('a reader that has seen enough', () => {
  it('ends the command quietly', async () => {
    const running = await startAndWait();
    running.child.stdout.destroy();
    const { status, stderr } = await running.ended;
    expect([status, stderr]).toEqual([141, '']);
  });

  it('ends it also when nobody reads the notes', async () => {
    const { child, ended } = start([...slow, '--verbose']);
    child.stderr.destroy();
    child.stdout.destroy();
    expect((await ended).status).toBe(141);
  });
});

it.skipIf(process.platform !== 'linux')('a full disk ends the command with one line', async () => {
  const into = 'exec "$0" "$@" > /dev/full';
  const running = new Running(
    ['/bin/sh', '-c', into, ...commandWords, 'generate', 'The old', '-n', '3'],
    cleanEnvironment(),
  );
  const { status, stderr } = await running.ended;
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^tokenwright: Standard output cannot be written: ENOSPC[^\n]+\n$/),
  ]);
});

/** What a command shows in a terminal. */
async function shown(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const running = startInTerminal(args, environment);
  running.child.stdin.end();
  return (await running.ended).stdout;
}

describe.skipIf(!hasTerminal)('on a terminal', () => {
  it('the explanation has colors', async () => {
    const text = await shown(['explain', 'It was a dark', '--seed', '1', '-n', '1']);
    expect(text).toContain('\x1b[32m█');
    expect(text).toContain('18.9 %');
  });

  it('NO_COLOR turns them off', async () => {
    const text = await shown(['explain', 'It was a dark', '--seed', '1', '-n', '1'], { NO_COLOR: '1' });
    for (const color of [31, 32, 33, 36]) expect(text).not.toContain(`\x1b[${color}m`);
    expect(text).toContain('18.9 %');
  });

  it('the text that was scored is colored by its probabilities', async () => {
    expect(await shown(['score', 'The king went to the forest.'])).toContain('from 50 %');
  });

  it.each<[string[]]>([
    [['score', 'x\x1b]0;title\x07y\x9b31m']],
    [['generate', 'x', '--model', 'x\x1b]0;title\x07y\x9b31m']],
  ])('control characters show as text: %j', async (args) => {
    const text = await shown(args);
    for (const sequence of ['\x1b]', '\x07', '\x9b']) expect(text).not.toContain(sequence);
    expect(text).toContain('\\u001b');
  });
});
