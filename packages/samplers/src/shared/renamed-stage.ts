import type { Sampler } from '@tokenwright/core';
import { type OuterNames, underNames } from '@tokenwright/core/options';

const forms = ['onHost', 'onDevice', 'mask'] as const;

/** A stage whose errors while decoding name the option that it was made from, as those of making it do. */
export function renamedStage(owner: string, names: OuterNames, sampler: Sampler): Sampler {
  const renamed: Record<string, unknown> = { ...sampler };
  for (const form of forms) {
    const work = (sampler as Partial<Record<(typeof forms)[number], (...given: unknown[]) => unknown>>)[form];
    if (work === undefined) continue;
    renamed[form] = (...given: unknown[]) => underNames(owner, names, () => work.apply(sampler, given));
  }
  return renamed as unknown as Sampler;
}
