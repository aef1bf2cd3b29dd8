import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { decodings, defaults } from '../settings.ts';
import { literal, type ProgramSettings, typescriptCode } from './typescript-code.ts';

// Inside the package, so that its imports are found; ignored like everything there.
const folder = fileURLToPath(new URL('../../node_modules/.cache/code', import.meta.url));

/** What the code prints when Node runs it. */
async function printed(name: string, code: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${name}.mjs`;
  // Threads would wait for each other on a busy machine.
  writeFileSync(
    file,
    `${code.replace('fusedWasm()', 'fusedWasm({ threads: 1 })').replace('console.log(piece)', 'process.stdout.write(piece)')}process.exit();\n`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@tokenwright/source', file]);
  return stdout;
}

const short: ProgramSettings = {
  ...defaults,
  maxNewTokens: 8,
  chain: [
    { name: 'temperature', on: true, parameters: { temperature: 0.8 } },
    { name: 'top-k', on: true, parameters: { k: 40 } },
  ],
};
const contrast = decodings.contrast;

const cases: readonly (readonly [string, ProgramSettings])[] = [
  ['sampling', short],
  ['beams', { ...short, decoding: { ...decodings.beams, numBeams: 2 } }],
  ['drafts', { ...short, decoding: decodings.speculative }],
  ['lookup', { ...short, decoding: { ...decodings.speculative, draft: 'prompt-lookup' } }],
  ['amateur', { ...short, decoding: contrast }],
  ['guidance', { ...short, decoding: { ...contrast, rule: 'classifier-free-guidance', otherPrompt: 'It\'s "odd"' } }],
  ['layers', { ...short, decoding: { ...contrast, rule: 'dola' } }],
  ['schema', { ...short, maxNewTokens: 40, grammar: { ...defaults.grammar, on: true } }],
  [
    'gbnf',
    { ...short, grammar: { on: true, kind: 'gbnf', text: 'root ::= " " [a-z\']+ " at the end"', whitespace: false } },
  ],
  [
    'own',
    {
      ...short,
      ignoreEnd: true,
      chain: [
        { name: 'custom', on: true, parameters: {} },
        { name: 'regex', on: true, parameters: { pattern: " [a-z ']+" } },
        { name: 'bad-words', on: true, parameters: { words: 'captain, sea' } },
        { name: 'top-k', on: false, parameters: { k: 1 } },
      ],
    },
  ],
];

it('is a program that runs, for every kind of decoding', { timeout: 120_000 }, async () => {
  const texts = new Map<string, string>();
  for (const [name, settings] of cases) texts.set(name, await printed(name, typescriptCode(settings, 'fused')));
  for (const [name, text] of texts) expect(text.trim().split(/\s+/).length, name).toBeGreaterThan(2);
  expect(texts.get('schema')).toMatch(/^\{"name":"/);
  expect(texts.get('gbnf')).toMatch(/^ [a-z']+( at the end)?/);
  // A draft that is verified with `match` keeps the tokens of plain sampling.
  expect(texts.get('drafts')).toBe(texts.get('sampling'));
  expect(texts.get('lookup')).toBe(texts.get('sampling'));
  expect(texts.get('own')).toMatch(/^[a-df-z ']+$/);
});

it('names other engines and models', () => {
  const code = typescriptCode({ ...short, model: 'some/model' }, 'webgpu');
  expect(code).toContain("await tfjs({ backend: 'webgpu' }).start()");
  expect(code).toContain("load('some/model', { engine })");
  expect(typescriptCode(short, 'fused-8-bit')).toContain("fusedWasm({ weights: '8-bit' })");
  expect(typescriptCode(short, 'fused-webgpu')).toContain('await fusedWebgpu().start()');
  const packed = typescriptCode(short, 'fused-webgpu-8-bit');
  expect(packed).toContain("import { fusedWebgpu } from '@tokenwright/backends/webgpu';");
  expect(packed).toContain("fusedWebgpu({ weights: '8-bit' })");
});

it('imports samplers with switches of another system from compat', () => {
  const chain = [{ name: 'top-p', on: true, parameters: { p: 0.9, border: 'at-most' } }];
  const code = typescriptCode({ ...short, chain }, 'fused');
  expect(code).toContain("import { topP } from '@tokenwright/samplers/compat';");
  expect(code).toContain("topP({ p: 0.9, border: 'at-most' })");
});

it('writes values as readable code', () => {
  expect(literal({ k: 40, 'a-b': [1, 'it\'s "x"\n'], none: null })).toBe(
    `{ k: 40, 'a-b': [1, 'it\\'s "x"\\n'], none: null }`,
  );
});
