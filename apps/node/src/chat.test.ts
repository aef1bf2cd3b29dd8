import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, start } from './testing/command-line.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { hasTerminal, startInTerminal } from './testing/terminal.ts';

const folder = temporaryFolder();
const nowhere = join(folder, 'no', 'where.json');
const plain = ['chat', '--template', 'plain', '--greedy', '-n', '6'];

describe('chat in a pipe', () => {
  it('answers each line, keeps what was said, and knows commands', async () => {
    const file = join(folder, 'chat.json');
    const lines = [
      '/system Old tales.',
      'Hello.',
      'Who are you?',
      '/stats',
      '/set temperature 0.7',
      '/set',
      `/save ${file}`,
    ];
    const { status, stdout, stderr } = await run(plain, `${lines.join('\n')}\n`);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n').length).toBeGreaterThanOrEqual(2);
    expect(stderr).toMatch(/context {4}\d+ of 512 tokens/);
    expect(stderr).toMatch(/reused {5}[1-9]\d* of \d+ prompt tokens were in the cache/);
    expect(stderr).toContain('temperature 0.7 applies from the next answer on.');
    expect(stderr).toContain('max-new-tokens 6\n');
    const { messages } = JSON.parse(readFileSync(file, 'utf8'));
    expect(messages.map(({ role }: { role: string }) => role).join(' ')).toBe('system user assistant user assistant');

    const again = await run([...plain, '--load', file, '--json'], '/undo\nWho are you?\n');
    const events = again.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: 'command', name: 'undo', lines: ['Taken back: Who are you?'] });
    expect(events.at(-1)).toMatchObject({ type: 'end', text: messages.at(-1).content });
  });

  it('answers one message that is an argument', async () => {
    const { status, stdout } = await run([...plain, 'Hello.']);
    expect([status, stdout.endsWith('\n')]).toEqual([0, true]);
  });

  it('takes a template from a file, and an instruction to be', async () => {
    const template = join(folder, 'echo.jinja');
    writeFileSync(
      template,
      "{{ messages[0].content }}: {{ messages[-1].content }}{% if messages | length > most %}{{ raise_exception('enough') }}{% endif %}",
    );
    const { status, stderr } = await run(
      ['chat', '--template', template, '--system', 'S', '--variable', 'most=3', '--greedy', '-n', '2'],
      'One\nTwo\n',
    );
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`${template}: its chat template refuses the messages: enough`),
    ]);
  });

  it.each<[string[], string, number, RegExp]>([
    [['chat', 'Hello'], '', 1, /story has no chat template: it was not trained to chat\. Take a model that was/],
    [['chat', '--template', 'nowhere.jinja', 'x'], '', 2, /there is no file 'nowhere\.jinja'/],
    [[...plain, '--variable', 'x'], '', 2, /--variable wants NAME=VALUE/],
    [['chat', '--strategy', 'sampling'], '', 2, /no flag --strategy/],
    [plain, '/sev\n', 1, /There is no command \/sev; \/help lists all/],
    [plain, '/set engine tfjs-cpu\n', 1, /engine cannot be changed within a chat/],
    [plain, '/set tempertaure 1\n', 2, /Did you mean --temperature/],
    [plain, '/save\n', 1, /\/save wants the name of a file/],
    [plain, `/load ${nowhere}\n`, 1, /The chat cannot be read: ENOENT/],
    [plain, `/save ${nowhere}\n`, 1, /\/save: ENOENT/],
    [[...plain, '--load', nowhere], '', 1, /The chat cannot be read/],
  ])('%j, %j', async (args, input, expected, message) => {
    const { status, stdout, stderr } = await run(args, input);
    expect([status, stdout, stderr]).toEqual([expected, '', expect.stringMatching(message)]);
    expect(stderr).toMatch(/^tokenwright: [^\n]+\n$/);
  });

  it.skipIf(process.platform === 'win32')('Ctrl-C ends it', async () => {
    const running = start(['chat', '--template', 'plain']);
    running.type('Hello\n');
    await running.until(/./);
    running.child.kill('SIGINT');
    expect((await running.ended).status).toBe(130);
  });
});

describe.skipIf(!hasTerminal)('chat on a terminal', () => {
  it('Ctrl-C stops the answer and not the program; pasted lines are one message', async () => {
    const terminal = startInTerminal(['chat', '--template', 'plain', '--seed', '1', '--engine', 'tfjs-cpu']);
    // Keys are the reader's from the moment of its prompt; before that Ctrl-C is a signal.
    await terminal.until(/> /);
    terminal.type('Tell me a long story.\r');
    await terminal.until(/story\.\s[\s\S]*\w+ \w+ \w+ /);
    terminal.type('\x03');
    await terminal.until(/\(stopped\)[\s\S]*> /);
    terminal.type('/set max-new-tokens 2\r');
    await terminal.until(/applies from the next answer on[\s\S]*> /);
    terminal.type('first line\rsecond line\r');
    await terminal.until(/\(the token limit was reached\)[\s\S]*> /);
    terminal.type('/undo\r');
    await terminal.until(/Taken back: first line\s+second line[\s\S]*> /);
    // Marked as a terminal marks a paste; the last line has no line break, as when it was copied from a page.
    terminal.type('\x1b[200~/one\rtwo\tthree\rfour\x1b[201~');
    await terminal.until(/four/);
    terminal.type(' five\r');
    await terminal.until(/There is no command \/one[\s\S]*> /);
    terminal.type('\x1b[200~one\rtwo\tthree\rfour\x1b[201~');
    await terminal.until(/four/);
    terminal.type(' five\r');
    await terminal.until(/\(the token limit was reached\)[\s\S]*> /);
    terminal.type('/undo\r');
    await terminal.until(/Taken back: one\s+two\s+three\s+four five[\s\S]*> /);
    // Typed ahead: each command is run.
    terminal.type('/set\r/undo\rfirst\rsecond\r/undo\r');
    await terminal.until(/max-new-tokens 2[\s\S]*Taken back: Tell me a long story/);
    await terminal.until(/Taken back: first\s+second[\s\S]*> /);
    terminal.type('\x03');
    await terminal.until(/Ctrl-C once more[\s\S]*> /);
    terminal.type('\x04');
    const { status, stdout } = await terminal.ended;
    expect([status, stdout.endsWith('\r\n')]).toEqual([0, true]);
  });
});
