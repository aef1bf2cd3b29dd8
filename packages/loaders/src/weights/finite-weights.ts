import { LoadError } from '@tokenwright/core';
import type { WeightSource } from '@tokenwright/core/engine';

/** The same weights; reading one that holds NaN or an infinity is a LoadError that names the tensor. */
export function finiteWeights(source: WeightSource): WeightSource {
  const checked = (name: string, values: Float32Array, first = 0): Float32Array => {
    for (let i = 0; i < values.length; i++)
      // Only NaN and the infinities differ from themselves when zero is multiplied in.
      if (values[i]! * 0 !== 0)
        throw new LoadError(source.name, `number ${first + i} is ${values[i]}; weights must be finite`, name);
    return values;
  };
  return {
    name: source.name,
    names: () => source.names(),
    shape: (name) => source.shape(name),
    bytes: (name) => source.bytes(name),
    format: (name) => source.format?.(name),
    read: async (name) => checked(name, await source.read(name)),
    ...(source.readRows !== undefined && {
      async readRows(name: string, first: number, count: number) {
        const values = await source.readRows!(name, first, count);
        return checked(name, values, count === 0 ? 0 : first * (values.length / count));
      },
    }),
  };
}
