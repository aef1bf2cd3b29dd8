import type { Option } from '@tokenwright/core/options';

/** The same option, left out of a sampler's parameters at its default, so that they equal those of the published sampler. */
export function switchOption<Value>(option: Option<Value, true>): Option<Value, true> {
  return { ...option, toJson: (value) => (value === option.default ? undefined : value) };
}
