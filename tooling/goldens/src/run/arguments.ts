import { parseArgs } from 'node:util';
import { type GoldenEngine, goldenEngines } from './engines.ts';

/** Arguments of `pnpm goldens`. */
export interface Arguments {
  /** The folder of the goldens. */
  readonly root: string;
  /** Run only the cases whose path and id match. */
  readonly only: RegExp | undefined;
  readonly engine: GoldenEngine;
  /** Print the first differences of each case that failed. */
  readonly verbose: boolean;
}

export const usage = `Compare the library with recorded results of other systems.

  pnpm goldens DIR [--only PATTERN] [--engine NAME] [--verbose]

  DIR              folder with processors/, llamacpp/, xtransformers/ and generate/
  --only PATTERN   regular expression for "path id" of the cases to run
  --engine NAME    where the models of generate/ run: TF.js on wasm (default) or cpu, or a fused engine: fused or fused-webgpu
  --verbose        print the first differences of each case that fails`;

/** @throws TypeError for an unknown argument. */
export function readArguments(given: readonly string[]): Arguments {
  // The first '--' comes from the package manager.
  const args = given[0] === '--' ? given.slice(1) : [...given];
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      engine: { type: 'string', default: 'wasm' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const [root, ...rest] = positionals;
  if (root === undefined || rest.length > 0) throw new TypeError('expected one folder');
  const engine = Object.keys(goldenEngines).find((name): name is GoldenEngine => name === values.engine);
  if (engine === undefined)
    throw new TypeError(`--engine must be one of ${Object.keys(goldenEngines).join(', ')}, got ${values.engine}`);
  return {
    root,
    only: values.only === undefined ? undefined : new RegExp(values.only),
    engine,
    verbose: values.verbose,
  };
}
