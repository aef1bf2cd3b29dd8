import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { describe, expect, it } from 'vitest';

/** Bundle a program for browsers, from the sources of this workspace; nothing is written. */
async function bundle(program: string): Promise<readonly Rolldown.OutputChunk[]> {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    const result = (await build({
      // From source, as the tests.
      resolve: { conditions: ['@tokenwright/source', 'module', 'browser', 'development|production'] },
      root: import.meta.dirname,
      configFile: false,
      logLevel: 'error',
      plugins: [
        {
          name: 'program',
          resolveId: (id) => (id === 'program' ? `${import.meta.dirname}/program.js` : undefined),
          load: (id) => (id === `${import.meta.dirname}/program.js` ? program : undefined),
        },
      ],
      build: { target: 'es2023', write: false, rollupOptions: { input: 'program', output: { format: 'es' } } },
    })) as Rolldown.RolldownOutput;
    return result.output.filter((part) => part.type === 'chunk');
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}

/** The chunks that are loaded for a dynamic import of each of these modules, and for the entry. */
function loaded(chunks: readonly Rolldown.OutputChunk[], modules: readonly string[]): readonly Rolldown.OutputChunk[] {
  const found = new Set<Rolldown.OutputChunk>();
  const visit = (chunk: Rolldown.OutputChunk): void => {
    if (found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) visit(chunks.find(({ fileName }) => fileName === name)!);
  };
  for (const chunk of chunks)
    if (chunk.isEntry || chunk.moduleIds.some((id) => modules.some((path) => id.endsWith(path)))) visit(chunk);
  return [...found];
}

const gzip = (chunks: readonly { readonly code: string }[]): number =>
  chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
const tensorflow = (chunks: readonly Rolldown.OutputChunk[]): readonly string[] =>
  chunks.flatMap(({ moduleIds }) => moduleIds.filter((id) => id.includes('@tensorflow')));

describe('a page', () => {
  it('with the fused engine alone has no TensorFlow.js', async () => {
    const chunks = await bundle(
      "import { fusedWasm } from '@tokenwright/backends/wasm'; globalThis.engine = await fusedWasm().start();",
    );
    expect(tensorflow(chunks)).toEqual([]);
    console.log(`fused WebAssembly engine alone: ${(gzip(chunks) / 1000).toFixed(0)} kB gzip`);
  });

  it('with a language model loads less than 250 kB, and no TensorFlow.js', async () => {
    const chunks = await bundle(
      "import { languageModel } from 'tokenwright'; const lm = await languageModel('story'); document.body.append((await lm.generate('Once')).text);",
    );
    const used = loaded(chunks, ['model/local-model.ts', 'backends/src/wasm/index.ts', 'demo-model/src/index.ts']);
    expect(used.length).toBeGreaterThan(2);
    expect(tensorflow(chunks)).toEqual([]);
    // Grammars are loaded with the first call that asks for one.
    const isGrammar = (chunk: Rolldown.OutputChunk): boolean =>
      chunk.moduleIds.some((id) => id.includes('packages/grammar/src'));
    expect(used.filter(isGrammar)).toEqual([]);
    expect(chunks.filter(isGrammar).length).toBeGreaterThan(0);
    const size = gzip(used);
    console.log(`smallest useful page: ${(size / 1000).toFixed(0)} kB gzip of JavaScript, without the model`);
    expect(size).toBeLessThan(250_000);
    expect(size).toBeGreaterThan(50_000);
  });

  it('with a worker loads little itself', async () => {
    const chunks = await bundle(
      "import { languageModel } from 'tokenwright'; globalThis.lm = await languageModel('story', { worker: true });",
    );
    const size = gzip(loaded(chunks, ['worker/worker-model.ts']));
    console.log(`page with a worker: ${(size / 1000).toFixed(0)} kB gzip beside the worker`);
    expect(size).toBeLessThan(40_000);
  });
});
