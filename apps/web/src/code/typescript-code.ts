import { samplers as catalog } from 'virtual:catalog';
import type { Json } from '@tokenwright/core';
import { wordsOf } from '../chain/words.ts';
import type { Decoding, EngineChoice, Settings, Stage } from '../settings.ts';

/** Settings whose chain is known. */
export type ProgramSettings = Settings & { readonly chain: readonly Stage[] };

/** The imports of a program, by package. */
class Imports {
  readonly #names: Map<string, Set<string>> = new Map();

  /** Import a name from a package; returns the name. */
  use(name: string, from: string): string {
    const names = this.#names.get(from) ?? new Set();
    this.#names.set(from, names.add(name));
    return name;
  }

  get lines(): string[] {
    return [...this.#names]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([from, names]) => `import { ${[...names].sort().join(', ')} } from '${from}';`);
  }
}

const core = '@tokenwright/core';
const samplers = '@tokenwright/samplers';
const strategies = '@tokenwright/strategies';
const contrastive = '@tokenwright/contrastive';
const grammar = '@tokenwright/grammar';

/** Functions that a custom sampler may use, by package. */
const helpers = {
  forEachCandidate: core,
  logSumExp: `${core}/sampling`,
  probabilities: `${core}/sampling`,
};

/** A program, for Node or a page, with the engine, model, chain and seed of these settings. */
export function typescriptCode(settings: ProgramSettings, engine: Exclude<EngineChoice, 'auto'>): string {
  const imports = new Imports();
  imports.use('generateText', core);
  const custom = customLines(settings, imports);
  const engineLine = `const engine = ${engineCode(engine, imports)};`;
  const modelLines = modelCode(settings, imports);
  const { before, model, options } = decodingCode(settings.decoding, imports);
  const stages = settings.chain.filter(({ on }) => on).map((stage) => stageCode(stage, imports));
  const chain = [...grammarCode(settings.grammar, imports), ...stages];
  const entries = [
    ...(chain.length === 0 ? [] : [`samplers: [\n${chain.map((line) => `    ${line},\n`).join('')}  ]`]),
    ...options,
    `seed: ${settings.seed}`,
    `maxNewTokens: ${settings.maxNewTokens}`,
    ...(settings.ignoreEnd && !settings.grammar.on ? ['eosTokenIds: []'] : []),
  ];
  const lines = [
    '',
    engineLine,
    ...modelLines,
    ...custom,
    ...before,
    '',
    `const pieces = generateText(${model}, tokenizer, ${quoted(settings.prompt)}, {`,
    ...entries.map((entry) => `  ${entry},`),
    '});',
    'for await (const piece of pieces) console.log(piece);',
  ];
  return `${[...imports.lines, ...lines].join('\n')}\n`;
}

function engineCode(engine: Exclude<EngineChoice, 'auto'>, imports: Imports): string {
  if (!engine.startsWith('fused'))
    return `await ${imports.use('tfjs', '@tokenwright/backends/tfjs')}({ backend: '${engine}' }).start()`;
  const starter = engine.startsWith('fused-webgpu')
    ? imports.use('fusedWebgpu', '@tokenwright/backends/webgpu')
    : imports.use('fusedWasm', '@tokenwright/backends/wasm');
  return `await ${starter}(${engine.endsWith('8-bit') ? "{ weights: '8-bit' }" : ''}).start()`;
}

function modelCode({ model }: Settings, imports: Imports): string[] {
  imports.use('load', '@tokenwright/loaders');
  const source = isDemo(model)
    ? `${imports.use('demoModel', '@tokenwright/demo-model')}(${model === 'story' ? '' : quoted(model)})`
    : quoted(model);
  return [`const { model, tokenizer } = await load(${source}, { engine });`];
}

function isDemo(model: string): boolean {
  return model === 'story' || model === 'story-amateur';
}

/** The custom sampler as a constant, with the helpers that the page gives it. */
function customLines({ chain, code }: ProgramSettings, imports: Imports): string[] {
  if (!chain.some(({ name, on }) => on && name === 'custom')) return [];
  for (const [name, from] of Object.entries(helpers))
    if (new RegExp(`\\b${name}\\b`).test(code)) imports.use(name, from);
  return [
    '',
    `const texts = ${imports.use('vocabularyTexts', samplers)}(tokenizer);`,
    "const text = (id) => texts[id] ?? '';",
    ...code
      .trimEnd()
      .replace(/^([ \t]*)export\s+default\b/m, '$1const custom =')
      .split('\n'),
  ];
}

/** The grammar as the first stage of the chain. */
function grammarCode({ on, kind, text, whitespace }: Settings['grammar'], imports: Imports): string[] {
  if (!on) return [];
  const use = (name: string): string => imports.use(name, grammar);
  const automaton = {
    schema: () => `${use('jsonSchema')}(${schemaCode(text)}${whitespace ? '' : ', { whitespaceFlexible: false }'})`,
    regex: () => `${use('regularExpression')}(${quoted(text)})`,
    gbnf: () => `${use('gbnf')}(${quoted(text)})`,
  }[kind]();
  return [`${use('constrain')}({ automaton: ${automaton}, vocabulary: ${use('tokenizerVocabulary')}(tokenizer) })`];
}

/** A schema as code; broken JSON as it is. */
function schemaCode(text: string): string {
  try {
    return literal(JSON.parse(text) as Json);
  } catch {
    return text;
  }
}

function stageCode({ name, parameters }: Stage, imports: Imports): string {
  if (name === 'custom') return 'custom';
  const options = catalog.find((sampler) => sampler.name === name)?.options ?? [];
  const kindOf = new Map(options.map((option) => [option.name, option.kind]));
  // Presets may set switches that only the factories of `compat` have.
  const isOwn = Object.keys(parameters).every((option) => kindOf.has(option));
  const factory = imports.use(camelCase(name), isOwn ? samplers : `${samplers}/compat`);
  const given = Object.entries(parameters).map(([option, value]): [string, string] => {
    if (kindOf.get(option) !== 'token-lists' || Array.isArray(value)) return [option, literal(value)];
    const words = literal(wordsOf(String(value)));
    return [option, `${imports.use('badWordTokens', samplers)}(tokenizer, ${words})`];
  });
  const texts = options
    .filter(({ kind }) => kind === 'token-texts')
    .map((option): [string, string] => [option.name, `${imports.use('vocabularyTexts', samplers)}(tokenizer)`]);
  const entries = [...given, ...texts].map(([option, code]) => `${option}: ${code}`);
  return entries.length === 0 ? `${factory}()` : `${factory}({ ${entries.join(', ')} })`;
}

function decodingCode(
  decoding: Decoding,
  imports: Imports,
): { readonly before: string[]; readonly model: string; readonly options: string[] } {
  if (decoding.kind === 'sampling') return { before: [], model: 'model', options: [] };
  if (decoding.kind === 'beams') {
    const { kind: _, ...options } = decoding;
    return {
      before: [],
      model: 'model',
      options: [`strategy: ${imports.use('beamSearch', strategies)}(${literal(options as Json)})`],
    };
  }
  if (decoding.kind === 'speculative') {
    const { kind: _, draft, ...options } = decoding;
    const speculative = imports.use('speculative', strategies);
    const drafters = {
      'story-amateur': () => 'weaker.model',
      'prompt-lookup': () => `${imports.use('promptLookup', strategies)}()`,
      'early-exit': () => `${imports.use('earlyExit', strategies)}({ layer: Math.ceil(model.layers / 2) })`,
    };
    return {
      before: draft === 'story-amateur' ? [weakerLine(imports)] : [],
      model: 'model',
      options: [`strategy: ${speculative}({ draft: ${drafters[draft]()}, ${literal(options as Json).slice(2, -2)} })`],
    };
  }
  return contrastCode(decoding, imports);
}

function contrastCode(
  { rule, alpha, strength, otherPrompt }: Extract<Decoding, { kind: 'contrast' }>,
  imports: Imports,
): ReturnType<typeof decodingCode> {
  const combine = imports.use('combine', contrastive);
  const factory = imports.use(camelCase(rule), contrastive);
  const parts = {
    'contrastive-logits': `others: [{ model: weaker.model }], rule: ${factory}(${literal({ alpha, beta: strength })})`,
    'contrastive-li': `others: [{ model: weaker.model }], rule: ${factory}(${literal({ alpha })})`,
    dola: `rule: ${factory}(${literal({ relativeTop: alpha, tieWordEmbeddings: true })})`,
    'classifier-free-guidance':
      `others: [{ prompt: ${otherPrompt === '' ? "'last-token'" : `tokenizer.encode(${quoted(otherPrompt)})`} }], ` +
      `rule: ${factory}(${literal({ guidanceScale: 1 + strength })})`,
  }[rule];
  const weaker = rule.startsWith('contrastive') ? [weakerLine(imports)] : [];
  return {
    before: [...weaker, `const contrasted = ${combine}({ expert: model, ${parts} });`],
    model: 'contrasted',
    options: [],
  };
}

function weakerLine(imports: Imports): string {
  return `const weaker = await load(${imports.use('demoModel', '@tokenwright/demo-model')}('story-amateur'), { engine });`;
}

export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A value as code, on one line: `{ k: 40, ties: 'keep-all' }`. */
export function literal(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(literal).join(', ')}]`;
  const entries = Object.entries(value).map(
    ([key, part]) => `${/^[A-Za-z_]\w*$/.test(key) ? key : quoted(key)}: ${literal(part)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
