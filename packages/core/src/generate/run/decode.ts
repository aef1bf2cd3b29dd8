import type { Control, StreamEvent } from '../contract/events.ts';
import { finishedByStrategy } from '../contract/finish.ts';
import { InterruptedError } from '../contract/interrupted-error.ts';
import type { Plan } from './plan.ts';
import { GenerationRun } from './run.ts';
import { sampling } from './sampling.ts';

/** The events of one call. Work begins with the first event that is asked for; everything is released at the end. */
export async function* decode(open: () => Plan): AsyncGenerator<StreamEvent, void, Control | undefined> {
  const run = new GenerationRun(open());
  const { sequences } = run.emission;
  try {
    for (const sequence of sequences) {
      const full = run.limits.full(sequence);
      if (full !== undefined) yield run.emission.end(sequence, full);
    }
    if (sequences.every(({ ended }) => ended)) return;
    const strategy = run.options.strategy ?? sampling();
    try {
      yield* strategy.decode(run);
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      const finish = { finishReason: error.reason };
      for (const sequence of sequences) if (!sequence.ended) yield run.emission.end(sequence, finish);
    }
    // A strategy that settles fewer sequences than were asked for found no more: the others do not exist.
    const settled = new Set(sequences.filter(({ ended }) => ended).map(({ promptIndex }) => promptIndex));
    for (const sequence of sequences)
      if (!sequence.ended && (sequence.depth > 0 || !settled.has(sequence.promptIndex))) {
        settled.add(sequence.promptIndex);
        yield run.emission.end(sequence, finishedByStrategy);
      }
  } finally {
    run.dispose();
  }
}
