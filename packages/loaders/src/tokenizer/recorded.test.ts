import { expect, it } from 'vitest';
import { readRecordedTokenizers, recordedTokenizerTests } from '../testing/recorded/tokenizers.ts';

const recorded = readRecordedTokenizers(new URL('../testing/recorded-tokenizers.json.gz', import.meta.url));

it('holds hard texts', () => {
  const { texts, normalizers, preTokenizers, tokenizers } = recorded;
  expect(texts.length).toBeGreaterThan(40);
  expect(normalizers.length + preTokenizers.length + tokenizers.length).toBeGreaterThan(200);
});

recordedTokenizerTests(recorded);
