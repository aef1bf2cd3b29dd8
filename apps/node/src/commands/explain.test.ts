import { describe, expect, it } from 'vitest';
import { run } from '../testing/command-line.ts';

const question = ['explain', 'It was a dark', '--seed', '5', '-n', '6', '--top-p', '0.9'];

describe('explain', () => {
  it('tells the exact probability of a chosen token that no list holds', async () => {
    const { stdout } = await run([
      'explain',
      'It was a dark',
      '--seed',
      '3',
      '-n',
      '12',
      '--temperature',
      '2',
      '--json',
    ]);
    const steps = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const unlisted = steps.filter(
      ({ id, explanation }) => !explanation.model.top.some((candidate: { id: number }) => candidate.id === id),
    );
    expect(unlisted.length).toBeGreaterThan(0);
    for (const { logprob, explanation } of unlisted) {
      expect(explanation.chosen).toHaveLength(2);
      expect(explanation.chosen[0]).toBeCloseTo(Math.exp(logprob), 9);
      expect(explanation.chosen[1]).toBeGreaterThan(0);
    }
    const { stdout: shown } = await run(['explain', 'It was a dark', '--seed', '3', '-n', '12', '--temperature', '2']);
    expect(shown).not.toMatch(/<\d+\.\d %/);
  });

  it('compares with another chain on the same random numbers', async () => {
    const { status, stdout } = await run([...question, '--against', 'llama-cpp,top-k=3']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^The same random numbers \(seed 5\) for\n {2}A {2}top-p\(p 0\.9.*\n {2}B {2}top-k\(k 3/);
    // A table where it fits the width, otherwise a list.
    expect(stdout).toMatch(/Then they diverge:\n( {2}A drew .*\n {4}in A .*\n {4}in B |.*in A.*in B\n {2}A drew )/);
    expect(stdout).toMatch(/B drew .*(\n {4}in A .*\n {4}in B )?.*%/);
  });

  it('says so when two chains agree', async () => {
    const { stdout } = await run([...question, '--against', '[{"sampler":"top-p","parameters":{"p":0.9}}]']);
    expect(stdout).toMatch(/They agree on all 6 tokens: It was a dark/);
  });

  it('compares as JSON', async () => {
    const { stdout } = await run([...question, '--json', '--against', '[{"sampler":"greedy"}]']);
    const { seed, parting, chains, first, second } = JSON.parse(stdout);
    expect([seed, chains[1], first.length, second.length]).toEqual([5, 'greedy', 6, 6]);
    expect(first[parting].id).not.toBe(second[parting].id);
    expect(first.slice(0, parting).map(({ id }: { id: number }) => id)).toEqual(
      second.slice(0, parting).map(({ id }: { id: number }) => id),
    );
  });

  it('refuses a chain that it does not know', async () => {
    const { status, stderr } = await run([...question, '--against', 'lama']);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/--against must be one of gpt2/)]);
  });
});
