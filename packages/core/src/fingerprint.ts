import type { WeightSource } from './engine.ts';

/**
 * A name for configuration and weights: SHA-256 over the configuration, each tensor's name and shape, and up to 64 evenly
 * spaced values of each of the eight smallest tensors (norms and biases). Enough to tell checkpoints apart without reading
 * them twice.
 */
export async function fingerprintOf(architecture: string, config: unknown, source: WeightSource): Promise<string> {
  const tensors = source
    .names()
    .map((name) => `${name}:${source.shape(name)?.join('x')}`)
    .sort();
  const first = [...source.names()].sort((a, b) => source.bytes(a) - source.bytes(b) || (a < b ? -1 : 1)).slice(0, 8);
  const samples: string[] = [];
  for (const name of first) {
    const values = await source.read(name);
    const stride = Math.max(1, Math.floor(values.length / 64));
    for (let i = 0; i < values.length; i += stride) samples.push(values[i]!.toString(36));
  }
  const text = JSON.stringify([architecture, config, tensors, samples]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
