import { describe, expect, it } from 'vitest';
import { testRow } from '../../testing/samplers/sampler-cases.ts';
import type { HostSampler, MaskSampler } from '../sampler.ts';
import { explain } from './explain.ts';

const removed = -Infinity;
const { context } = testRow([0, 0, 0, 0]);
const logits = Float32Array.from([0.1, 0.2, 0.3, 0.4], Math.log);
const entropy = (...weights: number[]): number => -weights.reduce((sum, p) => sum + p * Math.log(p), 0);

const clearing = (name: string, ...ids: number[]): HostSampler => ({
  name,
  parameters: { ids },
  onHost: (row) => {
    for (const id of ids) row[id] = removed;
  },
});
const doubling: HostSampler = { name: 'doubling', onHost: (row) => row.set(row.map((logit) => 2 * logit)) };

describe('explain', () => {
  it("summarizes the model's own distribution", () => {
    const { model, stages } = explain(logits, [], context, 2);
    expect(stages).toEqual([]);
    expect(model.candidates).toBe(4);
    expect(model.entropy).toBeCloseTo(entropy(0.1, 0.2, 0.3, 0.4), 6);
    expect(model.top.map(({ id }) => id)).toEqual([3, 2]);
    expect(model.top[0]!.probability).toBeCloseTo(0.4, 6);
  });

  it('reports what each stage removed and what became of the rest', () => {
    const { stages } = explain(logits, [clearing('first', 0), clearing('second', 1, 2)], context);
    expect(
      stages.map(({ name, parameters, removedCount, candidates }) => [name, parameters, removedCount, candidates]),
    ).toEqual([
      ['first', { ids: [0] }, 1, 3],
      ['second', { ids: [1, 2] }, 2, 1],
    ]);
    expect(stages[0]!.removedMass).toBeCloseTo(0.1, 6);
    // Of what the first stage left: (0.2 + 0.3) / 0.9.
    expect(stages[1]!.removedMass).toBeCloseTo(5 / 9, 6);
    expect(stages[0]!.entropy).toBeCloseTo(entropy(2 / 9, 3 / 9, 4 / 9), 6);
    expect(stages[0]!.entropyChange).toBeCloseTo(entropy(2 / 9, 3 / 9, 4 / 9) - entropy(0.1, 0.2, 0.3, 0.4), 6);
    expect(stages[1]!.entropyChange).toBeCloseTo(-entropy(2 / 9, 3 / 9, 4 / 9), 6);
    expect(stages[1]!.top).toEqual([{ id: 3, probability: 1 }]);
  });

  it('reports a stage that reshapes without removing', () => {
    const [stage] = explain(logits, [doubling], context).stages;
    expect(stage).toMatchObject({ name: 'doubling', removedCount: 0, removedMass: 0, candidates: 4 });
    expect(stage).not.toHaveProperty('parameters');
    expect(stage!.top[0]!.probability).toBeCloseTo(0.16 / 0.3, 6);
  });

  it('names the stage that removed a token, and by how much it missed', () => {
    const { removal } = explain(logits, [doubling, clearing('low', 0), clearing('lower', 1)], context);
    // After doubling the logits differ by twice the logarithms of the ratios.
    expect(removal(0)).toMatchObject({ stage: 'low', index: 1 });
    expect(removal(0)!.margin).toBeCloseTo(2 * Math.log(2), 5);
    expect(removal(1)).toMatchObject({ stage: 'lower', index: 2 });
    expect(removal(1)!.margin).toBeCloseTo(2 * Math.log(1.5), 5);
    expect(removal(3)).toBeUndefined();
  });

  it('gives a margin below 0 to a token that was larger than what was kept', () => {
    const { removal } = explain(logits, [clearing('ban', 3)], context);
    expect(removal(3)!.margin).toBeCloseTo(Math.log(0.1 / 0.4), 5);
  });

  it('gives a margin of 0 where a stage kept nothing', () => {
    const nothing: MaskSampler = { name: 'nothing', mask: () => new Uint32Array(1) };
    const { stages, removal } = explain(logits, [nothing], context);
    expect(stages[0]).toMatchObject({ removedCount: 4, candidates: 0, entropy: 0, top: [] });
    expect(stages[0]!.removedMass).toBeCloseTo(1, 6);
    expect(removal(2)).toEqual({ stage: 'nothing', index: 0, margin: 0 });
  });

  it('does not say that a token is removed that a later stage has brought back', () => {
    const reviving: HostSampler = { name: 'reviving', onHost: (row) => row.fill(1, 0, 1) };
    const { removal } = explain(logits, [clearing('first', 0, 1), reviving], context);
    expect(removal(0)).toBeUndefined();
    expect(removal(1)!.stage).toBe('first');
  });

  it('gives the exact probability of any token after each stage', () => {
    const reviving: HostSampler = { name: 'reviving', onHost: (row) => row.fill(Math.log(0.6), 0, 1) };
    const chain = [clearing('first', 3), doubling, clearing('second', 1), clearing('third', 0), reviving];
    const { probability, stages, model } = explain(logits, chain, context, 1);
    const expected: [number, number[]][] = [
      [0, [0.1, 1 / 6, 1 / 14, 1 / 10, 0, 0.6 / 0.69]],
      [1, [0.2, 2 / 6, 4 / 14, 0, 0, 0]],
      [2, [0.3, 3 / 6, 9 / 14, 9 / 10, 1, 0.09 / 0.69]],
      [3, [0.4, 0, 0, 0, 0, 0]],
    ];
    for (const [id, after] of expected) {
      expect(probability(id)).toHaveLength(6);
      probability(id).forEach((p, at) => {
        expect(p).toBeCloseTo(after[at]!, 6);
      });
    }
    // What the summaries list is the same.
    for (const [at, { top }] of [model, ...stages].entries())
      for (const { id, probability: listed } of top) expect(probability(id)[at]).toBeCloseTo(listed, 12);
  });

  it('leaves the logits as they were', () => {
    const given = logits.slice();
    explain(given, [doubling, clearing('first', 0)], context);
    expect(given).toEqual(logits);
  });
});
