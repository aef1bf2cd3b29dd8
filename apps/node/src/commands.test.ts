import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { allCommands } from './program.ts';
import { run } from './testing/command-line.ts';

const commands = await allCommands();

const greedyText = ' man, and the old man, who had been';

describe('generate', () => {
  it('streams text to standard output and the speed to standard error', async () => {
    const { status, stdout, stderr } = await run(['generate', 'The old', '--greedy', '-n', '10']);
    expect([status, stdout]).toEqual([0, `${greedyText}\n`]);
    expect(stderr).toMatch(
      /^10 tokens, [\d.]+ tokens\/s \(prompt of \d+ read in \d+ ms\); the token limit was reached\n$/,
    );
  });

  it('reads the prompt from standard input, and prints it when asked', async () => {
    const { status, stdout, stderr } = await run(
      ['generate', '--greedy', '-n', '10', '--echo', '--quiet'],
      'The old\n',
    );
    expect([status, stdout, stderr]).toEqual([0, `The old${greedyText}\n`, '']);
  });

  it('gives the same text for the same seed, by the chain that the model asks for', async () => {
    const args = ['generate', 'The old', '--seed', '5', '-n', '12', '--verbose'];
    const [first, second] = [await run(args), await run([...args, '--temperature', '0.8', '--top-p', '0.95'])];
    expect(first.stdout).toBe(second.stdout);
    expect(first.stderr).toMatch(
      /^engine: fused wasm, f32 weights, \d+ threads?: it is the first choice for a model that fits/m,
    );
    expect(first.stderr).toMatch(
      /chain: temperature\(temperature 0\.8\) > top-p\(p 0\.95.*from the model's generation_config\.json/,
    );
    expect(second.stderr).toMatch(/from the command line/);
    expect(first.stderr).toContain('seed: 5\n');
  });

  it('prints one event a line for programs', async () => {
    const { stdout } = await run([
      'generate',
      'The old',
      '--greedy',
      '-n',
      '4',
      '--json',
      '--top-logprobs',
      '2',
      '--explain',
    ]);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual(['token', 'token', 'token', 'token', 'end']);
    expect(events[0]).toMatchObject({
      text: ' man',
      rank: 1,
      top: [{}, {}],
      explanation: { stages: [{ name: 'greedy' }] },
    });
    expect(events[4]).toMatchObject({ text: ' man, and the', finishReason: 'length', usage: { completionTokens: 4 } });
    expect(events[4].options.maxNewTokens).toEqual({ value: 4, source: 'call' });
  });

  it('says that a penalty alone replaces the sampling that the model asks for', async () => {
    const { stderr } = await run(['generate', 'The old', '--bad-words', 'king', '-n', '1']);
    expect(stderr.split('\n')[0]).toMatch(
      /^note: samplers on the command line replace those of generation_config\.json: temperature\(temperature 0\.8\) > top-p/,
    );
    const both = await run(['generate', 'The old', '--bad-words', 'king', '--top-p', '0.9', '-n', '1']);
    expect(both.stderr).not.toContain('note:');
  });

  it('says which flags have no effect without --json', async () => {
    const { stderr, status } = await run(['generate', 'The old', '--greedy', '-n', '1', '--logprobs', '--explain']);
    expect([status, stderr.split('\n')[0]]).toEqual([0, 'note: --logprobs, --explain: no effect without --json.']);
  });

  it('warns of an order that makes no sense', async () => {
    const { stderr, status } = await run(['generate', 'The old', '--greedy', '--top-k', '3', '-n', '1']);
    expect([status, stderr.split('\n')[0]]).toEqual([0, expect.stringMatching(/^note: 'greedy' leaves one token/)]);
  });

  it('ends before a stop text', async () => {
    const { stdout, stderr } = await run(['generate', 'The old', '--greedy', '--stop-strings', ' who']);
    expect(stdout).toBe(' man, and the old man,\n');
    expect(stderr).toContain('the stop string " who" was found');
  });

  it('prints several sequences of a beam search', async () => {
    const args = [
      'generate',
      'The old',
      '--strategy',
      'beam-search,num-beams=2',
      '--num-return-sequences',
      '2',
      '-n',
      '4',
    ];
    const { stdout } = await run(args);
    expect(stdout).toMatch(/^--- 1\n.+\n--- 2\n/);
  });
});

describe('demo', () => {
  it('prints a paragraph and what to try next', async () => {
    const { status, stdout, stderr } = await run(['demo', '--seed', '3']);
    expect(status).toBe(0);
    expect(stdout.length).toBeGreaterThan(200);
    expect(stdout).toMatch(/^It was a dark and stormy night/);
    expect(stderr).toMatch(/^A model of 5\.9 million parameters/);
    expect(stderr).toMatch(/Next: tokenwright explain/);
  });
});

describe('explain', () => {
  it('shows candidates before and after each stage, in 80 columns without colors', async () => {
    const { status, stdout } = await run(['explain', 'It was a dark', '--seed', '1', '-n', '2']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/model +temperature 0\.8 +top-p 0\.95/);
    expect(stdout).toMatch(/▶ " night" +█+. +18\.9 % +█+. +34\.0 % +█+ +35\.8 %/);
    expect(stdout).toMatch(/left +4,096 tokens +4,096 tokens +186 tokens/);
    expect(stdout).toMatch(/mass removed +– +– +5\.0 %/);
    expect(stdout).toMatch(/chosen " night": 1st choice of the model with 18\.9 %, 35\.8 % after the chain/);
    expect(stdout).not.toContain('\x1b');
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
  });

  it('says where a token was removed, and puts long chains into several tables', async () => {
    const args = [
      '--top-k',
      '3',
      '--temperature',
      '1.5',
      '--min-p',
      '0.5',
      '--typical-p',
      '0.9',
      '-n',
      '1',
      '--greedy',
    ];
    const { stdout } = await run(['explain', 'It was a dark', ...args]);
    expect(stdout).toContain('removed');
    expect(stdout.match(/mass removed/g)).toHaveLength(2);
  });

  it('prints one step per line for programs, with the text of each candidate', async () => {
    const { stdout } = await run(['explain', 'It was a dark', '--seed', '1', '-n', '2', '--json']);
    const steps = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(steps.map(({ step }) => step)).toEqual([1, 2]);
    expect(steps[0]).toMatchObject({ text: ' night', rank: 1 });
    expect(steps[0].explanation.model.top[0].text).toBe(' night');
  });
});

describe('score', () => {
  it('adds up to the total', async () => {
    const { stdout } = await run(['score', 'The king went to the forest.', '--json', '--top', '1']);
    const { tokens, total, perplexity } = JSON.parse(stdout);
    expect(tokens.map(({ text }: { text: string }) => text).join('')).toBe(' king went to the forest.');
    const sum = tokens.reduce((all: number, { logprob }: { logprob: number }) => all + logprob, 0);
    expect(total).toBeCloseTo(sum, 9);
    expect(perplexity).toBeCloseTo(Math.exp(-total / tokens.length), 6);
  });

  it('shows a table, and what a chain would have removed', async () => {
    const { stdout, status } = await run(['score', 'The king went to the forest.', '--top-k', '20']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/" forest" +▏ +0\.2 % +-6\.49\d +\d+ {2}✕ top-k/);
    expect(stdout).toMatch(/6 tokens {3}total -\d+\.\d+ nats/);
  });
});

describe('compare', () => {
  it('writes the same with every cache', async () => {
    const { stdout, status } = await run(['compare', '--length', '16']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/tokens +static +dynamic +no cache +slower by/);
    expect(stdout).toContain('All 3 wrote the same 16 tokens.');
  });

  it('prints the time of every token for programs', async () => {
    const { stdout } = await run(['compare', '--length', '16', '--json']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ cache }) => cache)).toEqual(['static', 'dynamic', 'none']);
    for (const { milliseconds, ids } of lines) expect([milliseconds.length, ids]).toEqual([16, lines[0].ids]);
  });
});

describe('strategies', () => {
  it('compares the texts, and times speculative decoding', async () => {
    const { stdout, status } = await run(['strategies', '-n', '24']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^greedy +█+. +\d+\.\d % +\d+\.\d % +-\d\.\d+ +\d+$/m);
    expect(stdout).toMatch(/^nucleus sampling +prompt lookup, 4 tokens +\d+\/\d+ accepted .* \d+\.\d\d ×$/m);
    expect(stdout).toContain('All gave the same tokens as plain decoding');
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
  });

  it('prints a line for each method and race for programs', async () => {
    const { stdout } = await run(['strategies', '-n', '12', '--json']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(9);
    expect(lines[0]).toMatchObject({ name: 'greedy', text: expect.stringContaining(' had a very good time') });
    expect(lines.slice(5).every(({ same }) => same === true)).toBe(true);
  });
});

describe('strategies as flags', () => {
  it('draft tokens and give the same text', async () => {
    const args = ['generate', 'The old', '--greedy', '-n', '10', '--draft', 'story-amateur'];
    const { stdout, stderr } = await run(args);
    expect(stdout).toBe(`${greedyText}\n`);
    expect(stderr).toMatch(/\d+ of \d+ drafted tokens accepted/);
  });

  it('rank several tokens, which --greedy does not leave', async () => {
    const args = ['generate', 'The old', '-n', '6', '--strategy', 'contrastive-search,top-k=3'];
    const { stdout, status } = await run(args);
    expect([status, stdout.length > 10]).toEqual([0, true]);
    const refused = await run([...args, '--greedy']);
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain("a chain without 'greedy' for the strategy 'contrastive-search'");
  });

  it.each([
    ['--amateur', 'story-amateur'],
    ['--contrast', 'dola'],
    ['--contrast', 'classifier-free-guidance,guidance-scale=2', '--other-prompt', 'The end'],
    ['--draft', 'prompt-lookup,max-matching-ngram-size=3'],
    ['--draft', 'early-exit,layer=3'],
  ])('%s %s', async (...args) => {
    const { stdout, status } = await run(['generate', 'The old', '--greedy', '-n', '6', ...args]);
    expect([status, stdout.length > 10]).toEqual([0, true]);
  });
});

describe('translate', () => {
  it('translates each line', async () => {
    const { stdout, status } = await run(['translate'], 'Der Hund läuft.\nDie Katze sieht das Haus.\n');
    expect([status, stdout]).toEqual([0, 'The dog runs.\nThe cat sees the house.\n']);
  });

  it('reads sources by their own tokenizer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marian-'));
    const recorded = new URL('../../../packages/loaders/src/testing/recorded/marian.json.gz', import.meta.url);
    const { models } = JSON.parse(gunzipSync(await readFile(recorded)).toString()) as {
      models: { files: Record<string, object | string>; runs: { source: string; greedyText: string }[] }[];
    };
    try {
      for (const [name, content] of Object.entries(models[0]!.files))
        await writeFile(
          join(folder, name),
          typeof content === 'string' ? Buffer.from(content, 'base64') : JSON.stringify(content),
        );
      const lines = models[0]!.runs.map(({ source }) => source).join('\n');
      const { stdout, status } = await run(['translate', '--model', folder, '-n', '14'], lines);
      expect([status, stdout]).toEqual([0, models[0]!.runs.map(({ greedyText }) => `${greedyText}\n`).join('')]);
      const inspection = await run(['inspect', folder]);
      expect(inspection.stdout).toMatch(/tokenizer +Unigram, 70 tokens, 3 of them special, from target\.spm\n/);
      expect(inspection.stdout).toMatch(/of sources +Unigram, 84 tokens, 3 of them special, from source\.spm\n/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('shows which hypotheses lived and died', async () => {
    const { stdout } = await run(['translate', 'Der Hund läuft.', '--num-beams', '3', '--explain']);
    expect(stdout).toMatch(/step 1\n {2}1 The +0\.000 +█+ from 1\n/);
    expect(stdout).toMatch(/ {2}✕ .*dropped\n/);
    expect(stdout).toMatch(/ {2}✓ The dog runs\..* complete\n[\s\S]*\nThe dog runs\.\n$/);
  });
});

describe('help', () => {
  it('lists every command, and is what comes without one', async () => {
    const { stdout, status } = await run(['--help']);
    expect(status).toBe(0);
    for (const { name, summary } of commands)
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary.slice(0, 20)}`, 'm'));
    expect((await run([])).stdout).toBe(stdout);
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    'of %s shows each flag in 80 columns',
    async (name, { flags }) => {
      const { stdout, status } = await run([name, '--help']);
      expect(status).toBe(0);
      for (const flag of flags) expect(stdout).toContain(`--${flag.name}`);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
      expect((await run(['help', name])).stdout).toBe(stdout);
    },
  );

  it('has a version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});
