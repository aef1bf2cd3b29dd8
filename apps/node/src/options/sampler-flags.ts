import type { Sampler, Tokenizer } from '@tokenwright/core';
import {
  adaptiveP,
  dynamicTemperature,
  epsilon,
  eta,
  greedy,
  infill,
  minP,
  mirostat1,
  mirostat2,
  pLess,
  repetitionPenalty,
  tailFree,
  temperature,
  topA,
  topH,
  topK,
  topNSigma,
  topP,
  typical,
  xtc,
} from '@tokenwright/samplers';
import { asNumber, type Flag } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';

/** A sampler of the library as a flag. Its value is `main`, then other parameters by name: `--top-p 0.9,border=at-most`. */
export interface SamplerFlag {
  readonly name: string;
  /** The factory in `@tokenwright/samplers`. */
  readonly make: (options: never) => Sampler;
  /** What the factory calls the value that needs no name. A flag without one is on or off. */
  readonly main?: string;
  readonly value?: string;
  /** Other parameters, as help shows them. */
  readonly more?: readonly string[];
  readonly help: string;
  /** What the command line must add, because it is no text. */
  readonly needs?: (tokenizer: Tokenizer) => object;
}

const keep = 'min-keep=N';

export const samplerFlags: readonly SamplerFlag[] = [
  { name: 'greedy', make: greedy, help: 'Always take the most probable token.' },
  {
    name: 'temperature',
    make: temperature,
    main: 't',
    value: 'T',
    help: 'Divide the logits by T: below 1 is more certain, above 1 is wilder, 0 is greedy.',
  },
  {
    name: 'top-k',
    make: topK,
    main: 'k',
    value: 'K',
    more: ['share=S', 'ties=exactly-k|keep-all'],
    help: 'Keep the K most probable tokens; with share=S a share of the vocabulary.',
  },
  {
    name: 'top-p',
    make: topP,
    main: 'p',
    value: 'P',
    more: ['border=below|at-most', keep],
    help: 'Keep the most probable tokens until their mass is P (nucleus sampling).',
  },
  {
    name: 'min-p',
    make: minP,
    main: 'p',
    value: 'P',
    more: [keep],
    help: 'Keep tokens with at least P times the largest probability.',
  },
  {
    name: 'top-a',
    make: topA,
    main: 'ratio',
    value: 'RATIO',
    more: ['power=N'],
    help: 'Keep tokens with at least RATIO times the largest probability squared.',
  },
  {
    name: 'typical',
    make: typical,
    main: 'mass',
    value: 'MASS',
    more: ['border=below|at-most', 'ties=keep-all|cut', keep],
    help: 'Keep the tokens whose surprise is nearest to the average, until their mass is MASS.',
  },
  {
    name: 'tail-free',
    make: tailFree,
    main: 'z',
    value: 'Z',
    more: [keep],
    help: 'Cut the tail where the curve of probabilities flattens, keeping the share Z of its curvature.',
  },
  {
    name: 'epsilon',
    make: epsilon,
    main: 'epsilon',
    value: 'E',
    more: [keep],
    help: 'Keep tokens with a probability of at least E, such as 0.0009.',
  },
  {
    name: 'eta',
    make: eta,
    main: 'epsilon',
    value: 'E',
    more: [keep],
    help: 'Like epsilon, with a limit that falls where the model is unsure.',
  },
  {
    name: 'top-h',
    make: topH,
    main: 'h',
    value: 'H',
    more: ['candidates=N'],
    help: 'Keep the most probable tokens up to the share H of the entropy.',
  },
  {
    name: 'top-n-sigma',
    make: topNSigma,
    main: 'n',
    value: 'N',
    help: 'Keep logits within N standard deviations of the largest.',
  },
  {
    name: 'p-less',
    make: pLess,
    main: 'normalised',
    value: 'false|true',
    help: 'Keep tokens at least as probable as two draws are to agree; true corrects for chance, which keeps more.',
  },
  {
    name: 'xtc',
    make: xtc,
    main: 'probability',
    value: 'P',
    more: ['threshold=T', keep],
    help: 'With probability P, remove all top choices but the least probable of them.',
  },
  {
    name: 'repetition-penalty',
    make: repetitionPenalty,
    main: 'penalty',
    value: 'X',
    more: ['window=N|all', 'count-prompt=true|false'],
    help: 'Make tokens that were seen less likely: 1 is off, 1.1 mild, 1.3 strong.',
  },
  {
    name: 'dynamic-temperature',
    make: dynamicTemperature,
    main: 'range',
    value: 'RANGE',
    more: ['t=T', 'exponent=X'],
    help: 'A temperature from T - RANGE to T + RANGE that rises with the entropy.',
  },
  {
    name: 'mirostat-1',
    make: mirostat1,
    main: 'tau',
    value: 'TAU',
    more: ['eta=X', 'm=N', 'overflow=keep-all|keep-one'],
    help: 'Hold the surprise near TAU bits a token, such as 5. Must be the last.',
  },
  {
    name: 'mirostat-2',
    make: mirostat2,
    main: 'tau',
    value: 'TAU',
    more: ['eta=X'],
    help: 'The same by a simpler rule. Must be the last.',
  },
  {
    name: 'adaptive-p',
    make: adaptiveP,
    main: 'target',
    value: 'P',
    more: ['decay=D'],
    help: 'Prefer tokens so that those drawn have a probability of P on average. Must be the last.',
  },
  {
    name: 'infill',
    make: infill,
    main: 'mass',
    value: 'own|merged',
    more: ['end-token=ID'],
    help: 'For models that fill gaps: merge tokens of which one begins the other, and end when unsure.',
    needs: (tokenizer) => ({ text: (id: number) => tokenizer.decode([id]) }),
  },
];

const byName: ReadonlyMap<string, SamplerFlag> = new Map(samplerFlags.map((flag) => [flag.name, flag]));

export const samplerGroup = 'Samplers, applied in the order in which they are written';

/** The flags as commands take them. */
export const samplerFlagList: readonly Flag[] = samplerFlags.map(({ name, value, more = [], help }) => ({
  name,
  ...(value === undefined ? {} : { value }),
  help: more.length === 0 ? help : `${help} Also ${more.join(', ')}.`,
  group: samplerGroup,
  repeats: true,
}));

/** The samplers of a command line, in its order. */
export function samplersOf(
  ordered: readonly { readonly name: string; readonly value: string | undefined }[],
  tokenizer: Tokenizer,
): Sampler[] {
  return ordered.flatMap(({ name, value }) => {
    const flag = byName.get(name);
    return flag === undefined ? [] : [makeSampler(flag, value, tokenizer)];
  });
}

function makeSampler(flag: SamplerFlag, value: string | undefined, tokenizer: Tokenizer): Sampler {
  const make = flag.make as (options: object) => Sampler;
  if (flag.main === undefined) return make({});
  return make({ ...parametersOf(flag, value ?? ''), ...flag.needs?.(tokenizer) });
}

/** '0.9,border=at-most' -> { p: 0.9, border: 'at-most' }; JSON is taken as it is. */
export function parametersOf({ name, main }: Pick<SamplerFlag, 'name' | 'main'>, text: string): object {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text) as object;
    } catch (error) {
      throw misuse(`--${name}: the JSON cannot be read: ${(error as Error).message}`);
    }
  }
  const parameters: Record<string, unknown> = {};
  for (const [index, part] of text.split(',').entries()) {
    const at = part.indexOf('=');
    if (at < 0 && index > 0)
      throw misuse(`--${name}: only the first value goes without a name, but '${part}' was given: use name=value.`);
    const key = at < 0 ? main! : camelCase(part.slice(0, at));
    if (key in parameters) throw misuse(`--${name}: ${key} was given twice.`);
    parameters[key] = asValue(part.slice(at + 1));
  }
  return parameters;
}

function asValue(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return /^[+-]?(\d|\.\d)/.test(text) ? asNumber('A parameter', text) : text;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
