import { parseArgs } from 'node:util';

/** What `pnpm goldens` was asked for. */
export interface Arguments {
  /** The folder of the goldens. */
  readonly root: string;
  /** Run only the cases whose path and id match. */
  readonly only: RegExp | undefined;
  readonly engine: 'cpu' | 'wasm';
  /** Print the first differences of each case that failed. */
  readonly verbose: boolean;
}

export const usage = `Compare the library with recorded results of other systems.

  pnpm goldens DIR [--only PATTERN] [--engine cpu|wasm] [--verbose]

  DIR              folder with processors/, llamacpp/, xtransformers/ and generate/
  --only PATTERN   regular expression for "path id" of the cases to run
  --engine NAME    TF.js backend for the models of generate/: wasm (default) or cpu
  --verbose        print the first differences of each case that fails`;

/** @throws TypeError for anything that is not an argument. */
export function readArguments(given: readonly string[]): Arguments {
  // The first '--' is the package manager's.
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
  if (root === undefined || rest.length > 0) throw new TypeError('give one folder');
  if (values.engine !== 'cpu' && values.engine !== 'wasm') throw new TypeError("--engine must be 'cpu' or 'wasm'");
  return {
    root,
    only: values.only === undefined ? undefined : new RegExp(values.only),
    engine: values.engine,
    verbose: values.verbose,
  };
}
