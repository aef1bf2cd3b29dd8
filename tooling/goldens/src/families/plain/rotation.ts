import type { Json, Text } from './arithmetic.ts';
import { numberOf } from './arithmetic.ts';

/** How far each pair of dimensions turns from a position to the next, and what the result is multiplied by. */
export interface Rotation {
  readonly speeds: readonly number[];
  readonly magnitude: number;
}

/** The plain form: base^(-2i / dimensions). */
export function plainRotation(base: number, dimensions: number): Rotation {
  const speeds: number[] = [];
  for (let i = 0; i < dimensions; i += 2) speeds.push(1 / base ** (i / dimensions));
  return { speeds, magnitude: 1 };
}

/**
 * The published scalings. `rope` is what config.json holds under rope_scaling or rope_parameters, `length` its
 * max_position_embeddings.
 */
export function scaledRotation(base: number, dimensions: number, rope: Json | undefined, length: number): Rotation {
  const { speeds } = plainRotation(base, dimensions);
  const type = rope?.rope_type ?? rope?.type ?? 'default';
  if (rope === undefined || type === 'default' || type === 'dynamic') return { speeds, magnitude: 1 };
  if (type === 'linear') return { speeds: speeds.map((speed) => speed / numberOf(rope, 'factor')), magnitude: 1 };
  const original = numberOf(rope, 'original_max_position_embeddings', length);
  const factor = numberOf(rope, 'factor', length / original);
  if (type === 'llama3') {
    const low = numberOf(rope, 'low_freq_factor');
    const high = numberOf(rope, 'high_freq_factor');
    const scaled = speeds.map((speed) => {
      const wavelength = (2 * Math.PI) / speed;
      if (wavelength < original / high) return speed;
      if (wavelength > original / low) return speed / factor;
      const smooth = (original / wavelength - low) / (high - low);
      return ((1 - smooth) * speed) / factor + smooth * speed;
    });
    return { speeds: scaled, magnitude: 1 };
  }
  if (type === 'yarn') {
    const dimensionOf = (turns: number): number =>
      (dimensions * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base));
    let low = dimensionOf(numberOf(rope, 'beta_fast', 32));
    let high = dimensionOf(numberOf(rope, 'beta_slow', 1));
    if (rope.truncate !== false) [low, high] = [Math.floor(low), Math.ceil(high)];
    low = Math.max(low, 0);
    high = Math.min(high, dimensions - 1);
    if (low === high) high += 0.001;
    const scaled = speeds.map((speed, i) => {
      const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
      return (speed / factor) * ramp + speed * (1 - ramp);
    });
    const lengthening = (weight: number): number => (factor > 1 ? 0.1 * weight * Math.log(factor) + 1 : 1);
    const inferred =
      typeof rope.mscale === 'number' && typeof rope.mscale_all_dim === 'number'
        ? lengthening(rope.mscale) / lengthening(rope.mscale_all_dim)
        : lengthening(1);
    return { speeds: scaled, magnitude: numberOf(rope, 'attention_factor', inferred) };
  }
  if (type === 'longrope') {
    // The context of the model decides.
    const divisors = (length > original ? rope.long_factor : rope.short_factor) as readonly number[];
    const inferred = factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(original)) : 1;
    return {
      speeds: speeds.map((speed, i) => speed / divisors[i]!),
      magnitude: numberOf(rope, 'attention_factor', inferred),
    };
  }
  throw new TypeError(`no reference form of the rotary type ${String(type)}`);
}

/** Turn the leading dimensions of each head: dimension i with i + half. */
export function rotate(x: Text, size: number, { speeds, magnitude }: Rotation): Text {
  const half = speeds.length;
  return x.map((vector, position) => {
    const result = vector.slice();
    for (let head = 0; head < vector.length; head += size)
      for (let i = 0; i < half; i++) {
        const [a, b] = [vector[head + i]!, vector[head + half + i]!];
        const [cosine, sine] = [Math.cos(position * speeds[i]!), Math.sin(position * speeds[i]!)];
        result[head + i] = magnitude * (a * cosine - b * sine);
        result[head + half + i] = magnitude * (b * cosine + a * sine);
      }
    return result;
  });
}
