import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { mixedTexts } from '../testing/recorded/mixed-texts.ts';
import { readRecordedTokenizers, recordedTokenizerTests } from '../testing/recorded/tokenizers.ts';

/** Rust's `tokenizers` in a Python on this machine, on other texts than the recorded ones. */
const recorder = fileURLToPath(new URL('../../scripts/record-tokenizers.py', import.meta.url));
const hasTokenizers = spawnSync('python3', ['-c', 'import tokenizers']).status === 0;
if (hasTokenizers) compare();
else {
  console.log("skipped: comparison with Rust's tokenizers, because python3 has no package tokenizers");
  it.skip("as Rust's tokenizers", () => {});
}

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), 'live-tokenizers-'));
  try {
    const { texts } = readRecordedTokenizers(new URL('../testing/recorded-tokenizers.json.gz', import.meta.url));
    const given = join(folder, 'texts.json');
    const result = join(folder, 'result.json.gz');
    writeFileSync(given, JSON.stringify(mixedTexts(texts, 300)));
    const { status, stderr } = spawnSync('python3', [recorder, result, given], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    recordedTokenizerTests(readRecordedTokenizers(result));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
