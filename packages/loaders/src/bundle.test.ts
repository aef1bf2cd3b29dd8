import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';

interface Bundle {
  readonly code: string;
  readonly metafile: Metafile;
  /** Bytes of the minified code after gzip. */
  readonly gzip: number;
}

/** What a bundler for browsers makes of a program that imports from this package, with no configuration of its own. */
async function bundle(program: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@tokenwright/source'],
    logLevel: 'silent',
  });
  const code = outputFiles[0]!.text;
  return { code, metafile, gzip: gzipSync(code).length };
}

describe('a bundle for browsers', () => {
  it('has load, without modules of Node and of TensorFlow.js', async () => {
    const { code, metafile, gzip } = await bundle(
      "import { load } from './index.ts'; (globalThis as Record<string, unknown>).load = load;",
    );
    const modules = Object.keys(metafile.inputs);
    expect(modules.filter((name) => /tfjs|huggingface\/hub|convert\/|quantization\/quantize\./.test(name))).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    expect(code).not.toMatch(/(from|import\(|require\()\s*["']node:/);
    // Measured sizes are in the README; this is the limit that a change must not pass unseen.
    expect(gzip).toBeLessThan(100_000);
    console.info(`load, minified and gzipped: ${(gzip / 1000).toFixed(1)} kB`);
  });

  it('runs where nothing of Node exists', async () => {
    const { code } = await bundle("export { load, hubModel, files, createTokenizer } from './index.ts';");
    const names = ['process', 'Buffer', 'require', '__dirname', 'global'];
    const program = code.replace(/export\s*\{[^}]*\};?\s*$/, '');
    // The names are parameters without a value, so a module that touches them when it is evaluated fails.
    expect(() => new Function(...names, program)()).not.toThrow();
  });
});
