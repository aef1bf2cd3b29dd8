import { ParameterError, type Strategy } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { type BeamCompatibility, beamOptionNames } from './beam-search.ts';
import {
  advanceUnlessInterrupted,
  arrange,
  Beam,
  type BeamOptions,
  beamSettings,
  checkSequences,
  liveOf,
  originsOf,
  settled,
  stepEvents,
} from './beams.ts';
import { candidateCount, expand, shape } from './continuations.ts';

export interface GroupBeamSearchOptions extends BeamOptions {
  /** Into how many groups the beams are divided; a divisor of `beams`. 1 = plain beam search. */
  readonly numBeamGroups: number;
  /** Subtracted from a token's score for each hypothesis of an earlier group that takes it in this step. 0 = off. */
  readonly diversityPenalty: number;
  /**
   * Hugging Face goes on to count its padding token for each hypothesis of a group that is done. Give that token for the same result.
   * Default: a group that is done counts for nothing.
   */
  readonly padTokenId?: number;
  /** As in `BeamSearchOptions`; Hugging Face has group beam search as it was in 4.47. Default `'transformers-5'`. */
  readonly compatibility?: BeamCompatibility;
}

/**
 * Diverse beam search (Vijayakumar et al. 2016, arXiv:1610.02424) with the Hamming penalty: the beams are divided into groups that
 * are searched one after the other in each step, and a group is penalized for tokens that the groups before it take in the
 * same step. The first group is a plain beam search of its own. The best `sequences` of all groups are returned.
 *
 * Penalties count in the scores, as in Hugging Face.
 */
export function groupBeamSearch(options: GroupBeamSearchOptions): Strategy {
  const name = 'group-beam-search';
  checkOptionNames('groupBeamSearch', options, [
    ...beamOptionNames,
    'compatibility',
    'numBeamGroups',
    'diversityPenalty',
    'padTokenId',
  ]);
  const all = beamSettings('groupBeamSearch', options);
  const groups = checkInteger('groupBeamSearch', 'numBeamGroups', options.numBeamGroups, 1);
  if (all.numBeams % groups !== 0)
    throw new ParameterError('groupBeamSearch', 'numBeamGroups', `a divisor of ${all.numBeams}`, groups);
  const { diversityPenalty, padTokenId } = options;
  checkNumber('groupBeamSearch', 'diversityPenalty', diversityPenalty, 'a finite number');
  if (padTokenId !== undefined) checkInteger('groupBeamSearch', 'padTokenId', padTokenId, 0);
  const settings = { ...all, beams: all.numBeams / groups };
  return {
    name,
    parameters: {
      ...all,
      numBeamGroups: groups,
      diversityPenalty,
      ...(padTokenId === undefined ? {} : { padTokenId }),
    },
    async *decode(run) {
      checkSequences(name, run, all.numBeams);
      const beams = (await run.start(groups)).map(
        (row, origin) => new Beam(run, settings, row, origin, {}, row.sequence * settings.beams),
      );
      const count = candidateCount(run, settings.beams);
      while (beams.some(({ done }) => !done) && run.interrupted === undefined) {
        const scores = await advanceUnlessInterrupted(run, liveOf(beams));
        if (scores === undefined) break;
        shape(run, scores, settings.domain);
        const origins = originsOf(liveOf(beams));
        const active = beams.filter(({ done }) => !done);
        const taken = new Map<number, Map<number, number>>();
        for (const beam of beams) {
          const penalty = taken.get(beam.prompt) ?? new Map<number, number>();
          taken.set(beam.prompt, penalty);
          const add = (id: number): void => void penalty.set(id, (penalty.get(id) ?? 0) + diversityPenalty);
          if (!beam.done) {
            const candidates = await expand(run, scores, beam, origins, settings.domain, { count, penalty });
            for (const { row } of beam.take(candidates)) add(row.history.at(-1)!);
          } else if (padTokenId !== undefined) for (let i = 0; i < settings.beams; i++) add(padTokenId);
        }
        yield* stepEvents(run, name, active);
        arrange(run.cache, beams);
      }
      yield* run.settle(settled(run, beams));
    },
  };
}
