import { ParameterError, type Sampler } from '@tokenwright/core';
import { customOption, type Option } from '@tokenwright/core/options';
import { hasDeviceForm, hasHostForm, hasMaskForm } from '@tokenwright/core/sampling';

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
    check(owner, name, value) {
      if (!Array.isArray(value)) throw new ParameterError(owner, name, 'a list of samplers', value);
      return Array.from(value, (sampler, at) => checkSampler(owner, `${name}[${at}]`, sampler));
    },
  });
}

function checkSampler(owner: string, name: string, value: unknown): Sampler {
  const sampler = value as Sampler;
  const isSampler =
    typeof value === 'object' &&
    value !== null &&
    typeof sampler.name === 'string' &&
    (hasHostForm(sampler) || hasDeviceForm(sampler) || hasMaskForm(sampler));
  if (!isSampler) throw new ParameterError(owner, name, 'a sampler', value);
  return sampler;
}
