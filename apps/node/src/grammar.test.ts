import { describe, expect, it } from 'vitest';
import { run } from './testing/command-line.ts';

const person = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 20 }, age: { type: 'integer', minimum: 0, maximum: 130 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const generate = ['generate', 'A person: ', '--schema', JSON.stringify(person), '--compact', '--seed', '1'];

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a text with a grammar', () => {
  it('conforms, and programs get its value', async () => {
    const { status, stdout, stderr } = await run([...generate, '--json', '--verbose', '-n', '60']);
    const end = linesOf(stdout).at(-1)!;
    expect([status, end.complete, end.object]).toEqual([0, true, JSON.parse(String(end.text))]);
    expect(end.object).toEqual({ name: expect.any(String), age: expect.any(Number) });
    expect(stderr).toContain('chain: constrain > temperature(temperature 0.8) > top-p');
    expect(stderr).toContain('the JSON is complete');
  });

  it('is the same with forced text as draft', async () => {
    const greedy = [...generate, '--greedy', '-n', '60'];
    const [plain, drafted] = [await run(greedy), await run([...greedy, '--draft', 'forced-text'])];
    expect([drafted.status, drafted.stdout]).toEqual([0, plain.stdout]);
    expect(drafted.stderr).toMatch(/[1-9]\d* of \d+ drafted tokens accepted/);
  });

  it('that a limit ended is incomplete: a note and the status report it', async () => {
    const { status, stdout, stderr } = await run([...generate, '--quiet', '-n', '12']);
    expect([status, stderr]).toEqual([
      3,
      'note: the JSON is incomplete: the token limit was reached (--max-new-tokens 12) at #/properties/name\n',
    ]);
    expect(stdout).toMatch(/^\{"name":".*\n$/);
    const events = await run([...generate, '--quiet', '-n', '12', '--json']);
    const end = linesOf(events.stdout).at(-1)!;
    expect([events.status, end.complete, 'object' in end]).toEqual([3, false, false]);
  });

  it('is explained: what fits, and where', async () => {
    const args = ['explain', 'Is it true? ', '--choices', 'yes,no', '--seed', '2', '--json'];
    const { stdout } = await run(args);
    const [first, ...rest] = linesOf(stdout).map(({ grammar }) => grammar as Record<string, unknown>);
    expect(first).toMatchObject({ at: '#', vocabSize: 4096, forced: false });
    expect(first!.allowed).toBeGreaterThan(1);
    expect(first!.removedMass).toBeGreaterThan(0.9);
    expect(rest.at(-1)).toMatchObject({ allowed: 1, forced: true });
  });

  it('is an answer of a chat', async () => {
    const chat = ['chat', '--template', 'plain', '--seed', '1', '--quiet', '--choices', 'Yes.,No.'];
    const { status, stdout } = await run(chat, 'Is it?\nAre you sure?\n');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^(Yes|No)\.\n(Yes|No)\.\n$/);
    const cut = await run([...chat, '-n', '1', 'Is it?']);
    expect([cut.status, cut.stderr]).toEqual([
      3,
      expect.stringContaining('(the choice is incomplete: the token limit was reached (--max-new-tokens 1))'),
    ]);
  });
});
