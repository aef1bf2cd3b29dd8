import { parseArgs } from 'node:util';

export interface Arguments {
  readonly bench: string;
  readonly json: boolean;
  readonly quick: boolean;
  readonly engine: string | undefined;
  readonly shape: string | undefined;
  readonly software: boolean;
  /** Folder with the data of the bench `grammar`. */
  readonly data: string | undefined;
  /** Number of draws of the bench `seeds`. */
  readonly draws: number | undefined;
  readonly help: boolean;
}

/**
 * Read the command line.
 *
 * @param names names of all benches; the first is the default.
 * @throws Error with a line for the user when an option or a name does not exist.
 */
export function readArguments(given: readonly string[], names: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    // The first '--' comes from the package manager.
    args: given[0] === '--' ? given.slice(1) : [...given],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      engine: { type: 'string' },
      shape: { type: 'string' },
      software: { type: 'boolean', default: false },
      data: { type: 'string' },
      draws: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [bench = names[0]!, ...rest] = positionals;
  if (rest.length > 0) throw new Error(`One bench at a time, but ${positionals.join(' and ')} were given.`);
  if (!names.includes(bench)) throw new Error(`There is no bench '${bench}'; there are ${names.join(', ')}.`);
  const { json, quick, engine, shape, software, data, help } = values;
  const draws = values.draws === undefined ? undefined : Number(values.draws);
  if (draws !== undefined && !(Number.isSafeInteger(draws) && draws > 0))
    throw new Error(`--draws must be an integer of at least 1, but '${values.draws}' was given.`);
  return { bench, json, quick, engine, shape, software, data, draws, help };
}
