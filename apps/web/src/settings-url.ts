import { chainFromText, chainToText } from './chain/chain-text.ts';
import { type StrategyName, strategySpecs } from './options/strategies.ts';
import {
  type Decoding,
  decodings,
  defaults,
  type EngineChoice,
  engineChoices,
  type GrammarKind,
  grammarKinds,
  type Settings,
  type Stage,
} from './settings.ts';

/** The settings that differ from the defaults, as the fragment of a link: `#prompt=Once&chain=temperature:temperature=0.5`. */
export function settingsToFragment(settings: Settings): string {
  const pairs: [string, string][] = [];
  const put = (name: string, value: string, usual: string): void => {
    if (value !== usual) pairs.push([name, value]);
  };
  put('prompt', settings.prompt, defaults.prompt);
  put('seed', String(settings.seed), String(defaults.seed));
  put('tokens', String(settings.maxNewTokens), String(defaults.maxNewTokens));
  put('ignore-end', String(settings.ignoreEnd), String(defaults.ignoreEnd));
  if (settings.chain !== null) pairs.push(['chain', chainToText(settings.chain)]);
  put('other', chainToText(settings.other), chainToText(defaults.other));
  put('decoding', decodingToText(settings.decoding), decodingToText(defaults.decoding));
  const { grammar } = settings;
  put('grammar', grammarToText(grammar), grammarToText(defaults.grammar));
  put('grammar-text', grammar.text, defaults.grammar.text);
  put('white-space', String(grammar.whitespace), String(defaults.grammar.whitespace));
  put('engine', settings.engine, defaults.engine);
  put('model', settings.model, defaults.model);
  put('code', settings.code, defaults.code);
  return pairs.length === 0 ? '' : `#${pairs.map(([name, value]) => `${name}=${escaped(value)}`).join('&')}`;
}

/** Names in a link. */
const names = [
  'prompt',
  'seed',
  'tokens',
  'ignore-end',
  'chain',
  'other',
  'decoding',
  'grammar',
  'grammar-text',
  'white-space',
  'engine',
  'model',
  'code',
];

/** The settings of a link. Values that are missing or invalid have their defaults; see `problemsOfFragment`. */
export function settingsFromFragment(fragment: string): Settings {
  const given = new URLSearchParams(fragment.replace(/^#/, ''));
  const text = (name: string, usual: string): string => given.get(name) ?? usual;
  const count = (name: string, usual: number, from: number): number => {
    const value = Number(given.get(name) ?? usual);
    return Number.isSafeInteger(value) && value >= from ? value : usual;
  };
  const chain = <Usual>(name: 'chain' | 'other', usual: Usual) => {
    const value = given.get(name);
    return value === null ? usual : chainFromText(value);
  };
  return {
    prompt: text('prompt', defaults.prompt),
    seed: count('seed', defaults.seed, 0),
    maxNewTokens: count('tokens', defaults.maxNewTokens, 1),
    ignoreEnd: text('ignore-end', String(defaults.ignoreEnd)) === 'true',
    chain: chain('chain', defaults.chain),
    other: chain('other', defaults.other),
    decoding: decodingFromText(given.get('decoding')),
    grammar: {
      ...grammarFromText(given.get('grammar')),
      text: text('grammar-text', defaults.grammar.text),
      whitespace: text('white-space', String(defaults.grammar.whitespace)) === 'true',
    },
    engine: engineOf(given.get('engine')),
    model: text('model', defaults.model),
    code: text('code', defaults.code),
  };
}

/** What a link contains and the page does not use, as it is written there: 'temperature=0.5'. */
export function problemsOfFragment(fragment: string): string[] {
  const used = settingsFromFragment(fragment);
  const isUsed: Readonly<Record<string, (value: string) => boolean>> = {
    seed: (value) => Number(value) === used.seed,
    tokens: (value) => Number(value) === used.maxNewTokens,
    'ignore-end': (value) => ['true', 'false'].includes(value),
    'white-space': (value) => ['true', 'false'].includes(value),
    grammar: (value) => value === grammarToText(used.grammar),
    engine: (value) => value === used.engine,
    decoding: (value) => {
      const [stage] = chainFromText(value);
      if (stage === undefined || stage.name !== used.decoding.kind) return false;
      const { decoding } = used as { readonly decoding: Readonly<Record<string, unknown>> };
      return Object.entries(stage.parameters).every(([name, given]) => name !== 'kind' && decoding[name] === given);
    },
  };
  return [...new URLSearchParams(fragment.replace(/^#/, ''))]
    .filter(([name, value]) => !names.includes(name) || isUsed[name]?.(value) === false)
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
}

/** Escapes only what a fragment cannot hold, so that a link stays readable. */
function escaped(value: string): string {
  return encodeURIComponent(value).replace(/%(3A|2C|3D|7E|20|2F|21|28|29)/gi, (code, hex: string) =>
    hex === '20' ? '+' : hex === '3D' || hex === '3d' ? '=' : decodeURIComponent(code),
  );
}

/** `beams:numBeams=4,lengthPenalty=1`: the same form as a stage of a chain. */
function decodingToText({ kind, ...parameters }: Decoding): string {
  return chainToText([{ name: kind, on: true, parameters: parameters as Stage['parameters'] }]);
}

function decodingFromText(text: string | null): Decoding {
  if (text === null) return defaults.decoding;
  const [stage] = chainFromText(text);
  if (stage === undefined || !Object.hasOwn(decodings, stage.name)) return defaults.decoding;
  const usual = decodings[stage.name as Decoding['kind']];
  const specs = strategyOf[usual.kind] === undefined ? [] : strategySpecs(strategyOf[usual.kind]!);
  const known = Object.entries(stage.parameters).filter(([name, value]) => {
    if (name === 'kind') return false;
    const spec = specs.find((candidate) => candidate.name === name);
    if (spec === undefined) return typeof value === typeof (usual as unknown as Record<string, unknown>)[name];
    return spec.kind === 'choice' ? spec.choices.includes(value) : typeof value === typeof spec.initial;
  });
  return { ...usual, ...Object.fromEntries(known) } as Decoding;
}

/** `schema`; `!schema` where it is switched off, as a stage of a chain. */
function grammarToText({ on, kind }: Settings['grammar']): string {
  return on ? kind : `!${kind}`;
}

function grammarFromText(text: string | null): { readonly on: boolean; readonly kind: GrammarKind } {
  const kind = grammarKinds.find((candidate) => text === candidate || text === `!${candidate}`);
  if (kind === undefined) return { on: defaults.grammar.on, kind: defaults.grammar.kind };
  return { on: text === kind, kind };
}

const strategyOf: Readonly<Partial<Record<Decoding['kind'], StrategyName>>> = {
  beams: 'beam-search',
  speculative: 'speculative',
};

function engineOf(text: string | null): EngineChoice {
  return (engineChoices as readonly (string | null)[]).includes(text) ? (text as EngineChoice) : defaults.engine;
}
