import { describe, expect, it } from 'vitest';
import { neededFiles } from './needed-files.ts';

const part = (i: number, count = 3, name = 'Q4/m-Q4_K_M'): string =>
  `${name}-${String(i).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;
const parts = [part(1), part(2), part(3)];

describe('the tokenizer of a model', () => {
  const weights = ['config.json', 'model.safetensors'];
  const needed = (...paths: string[]): readonly string[] =>
    neededFiles('org/name', [...weights, ...paths, 'pytorch_model.bin'], undefined).filter(
      (path) => !weights.includes(path),
    );

  it('is fetched with the files that it is read from', () => {
    expect(needed('tokenizer.json', 'vocab.json', 'merges.txt')).toEqual(['tokenizer.json']);
    expect(needed('vocab.json', 'merges.txt')).toEqual(['vocab.json', 'merges.txt']);
    expect(needed('tokenizer.json', 'source_tokenizer.json')).toEqual(['tokenizer.json', 'source_tokenizer.json']);
    const marian = ['source.spm', 'target.spm', 'vocab.json'];
    expect(needed('tokenizer.json', ...marian)).toEqual(marian);
    expect(needed(...marian, 'target_vocab.json')).toEqual([...marian, 'target_vocab.json']);
    expect(needed('tokenizer.json', 'source.spm', 'vocab.json')).toEqual(['tokenizer.json']);
  });
});

describe('a GGUF in several files', () => {
  it('is fetched with all parts', () => {
    expect(neededFiles('org/name', ['README.md', ...parts], undefined)).toEqual(parts);
    const several = ['m-Q8_0.gguf', ...parts.toReversed()];
    expect(neededFiles('org/name', several, 'Q4_K_M')).toEqual(parts);
    expect(neededFiles('org/name', several, part(2))).toEqual(parts);
    expect(neededFiles('org/name', several, 'm-Q8_0.gguf')).toEqual(['m-Q8_0.gguf']);
  });

  it('lacks no part, and is not mixed with others', () => {
    expect(() => neededFiles('org/name', [part(1), part(3)], undefined)).toThrow(
      `org/name: lacks parts of a GGUF: ${part(2)}`,
    );
    expect(() => neededFiles('org/name', [...parts, part(1, 1, 'n')], undefined)).toThrow('has several .gguf files');
  });
});
