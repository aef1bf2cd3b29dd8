import type { Sampler } from '@tokenwright/core';
import { checkSampler, checkSamplers, customOption, type Option } from '@tokenwright/core/options';

/** An option whose value is a sampler. */
export function samplerOption(help: string): Option<Sampler, false> {
  return customOption<Sampler>({ kind: 'code', help, allowed: 'a sampler', check: checkSampler });
}

/** An option whose value is a list of samplers. Default none. */
export function samplersOption(help: string): Option<readonly Sampler[], true> {
  return customOption<readonly Sampler[]>({
    kind: 'code',
    default: [],
    off: [],
    help,
    allowed: 'a list of samplers',
    check: checkSamplers,
  });
}
