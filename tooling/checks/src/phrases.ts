// Finds wording that the repository does not use: node src/phrases.ts [--lower | part of a path ...].
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repositoryFiles, root } from './workspace.ts';

export interface Phrase {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Paths that it does not apply to. */
  readonly except?: RegExp;
}

const american = 'the American spelling';

/** Spelling and wording, in comments, strings, names, markdown and the texts of the applications. */
const wording: readonly Phrase[] = [
  {
    pattern:
      /[A-Za-z]*(serial|normal|token|quant|optim|organ|recogn|real|initial|general|summar|memor|vector|penal|random|special|minim|maxim|visual|parallel|final|synchron|character|emphas|util|categor|standard|custom)is(e|ed|es|er|ers|ing|ation|ations|able)\b/gi,
    instead: 'American spelling: -ize',
  },
  { pattern: /\b(col|fav|neighb|hon|flav|lab|rum)our[a-z]*\b/gi, instead: 'American spelling: -or' },
  { pattern: /\b(mis)?behaviours?\b/gi, instead: american },
  { pattern: /\b(licen[c]es?|defence|offence|centre[ds]?|analys(e|ed|es|er)|catalogues?|grey)\b/gi, instead: american },
  {
    pattern: /\b(travell|modell|labell)(ed|ing|ers?)\b/gi,
    instead: 'American spelling: one l',
    except: /\.html$/,
  },
  { pattern: /\b(judgement|artefacts?|learnt|spelt|maths|ageing|whilst|amongst|towards)\b/gi, instead: american },
  {
    pattern: /\bdear(er|est|ly)?\b/gi,
    instead: 'expensive ("expensive to read back")',
    // The beginning of a text that a model writes.
    except: /benches\/seeds\/seeds\.ts$/,
  },
  { pattern: /\b(anew|afresh)\b/gi, instead: 'again' },
  { pattern: /\bof equals\b/gi, instead: 'on ties' },
  { pattern: /\bits equals\b/gi, instead: 'plain words, such as "equal values"' },
  { pattern: /\b(tells? of|told of|tells about)\b/gi, instead: 'reports, lists' },
  {
    pattern: /\b(is|are|was|were|be|been|being) told\b/gi,
    instead: 'receives, is given, is reported, is distinguished',
  },
  { pattern: /\b(go|goes|went|gone|going) on\b/gi, instead: 'continue, continues, continued' },
  { pattern: /\bheed(s|ed|ing)?\b/gi, instead: 'apply, respect, use' },
  { pattern: /\b(is|are|was|were) had\b/gi, instead: 'is obtained, is loaded' },
  { pattern: /\bheard of\b/gi, instead: 'plain words' },
  { pattern: /\b(comes?|came) to (no|nothing|that|its|an? end)\b/gi, instead: 'the fact: ends, is, costs' },
  { pattern: /\bg(i|a)ves? way\b/gi, instead: 'is overridden by, falls back to' },
  { pattern: /\bby itself\b/gi, instead: 'alone, separately, automatically' },
  { pattern: /\bstands?\b(?! for| alone| in for|-)/gi, instead: 'is, is in, precedes' },
  { pattern: /\bso many\b/gi, instead: 'this many, at most n' },
  { pattern: /\bholds? already\b/gi, instead: 'what is already in' },
  { pattern: /\b(thereof|therein|wherein|henceforth|thence|whence|lest|amidst|hereby)\b/gi, instead: 'plain words' },
  { pattern: /\bsenseless\b/gi, instead: 'contradictory, without effect' },
  { pattern: /\b(or|and) the like\b/gi, instead: 'similar' },
  { pattern: /\b(lie|lies|lay) (in|on|at|beside|where|there)\b/gi, instead: 'is in, is at' },
  { pattern: /\bwhole numbers?\b/gi, instead: 'integer' },
  {
    pattern: /[,:.] else\b(?! if)|; else (the|an?|it|in|by|with|of|as|at|from|to|what|this|none|nothing)\b/gi,
    instead: 'otherwise',
  },
  { pattern: /\bsees? to it\b/gi, instead: 'ensures, makes sure' },
  { pattern: /\bknows? nothing of\b/gi, instead: 'does not depend on' },
  {
    pattern:
      /(?<!\bthere )\b(is|are|was|were) no (?!longer|more|less|other|need|way|such|reason|doubt|greater|better|worse)[a-z]+/gi,
    instead: 'is not a',
  },
  { pattern: /\bwish(ed|es)?\b/gi, instead: 'requested, request' },
  { pattern: /\bspeaks? of\b/gi, instead: 'mentions, names' },
  { pattern: /\b(is|are) said\b/gi, instead: 'is reported, is stated' },
  { pattern: /\b(give|gives|gave|given) back\b/gi, instead: 'return, release' },
  {
    pattern:
      /\bmost (slots|tokens|bytes|names|files|source files|rows|steps|characters|entries)\b(?! of)(?= (of|that|in)\b)/gi,
    instead: 'maximum number of',
  },
  { pattern: /\bleast (length|number|size)\b/gi, instead: 'minimum' },
  {
    pattern:
      /\b(tokens?|numbers?|bytes?|words?|values?|uniforms?|draws?|ids?|choices?|steps?|one|lines?|files?|samplers?|strategy|strategies|MB|ms) a (row|token|step|second|line|file|case|module|group|layer|run|call|slot|sequence|round|block)(?![\w-])(?! (was|is|has|may|can|holds|that|of))/gi,
    instead: 'per',
  },
  { pattern: /\bin turns\b/gi, instead: 'alternately, in alternation' },
  { pattern: /\bto blame\b/gi, instead: 'that failed, that caused it' },
  { pattern: /\b(shall|ought to)\b/gi, instead: 'must, should' },
  { pattern: /\bneed not\b/gi, instead: 'does not have to' },
];

const named = (names: string): RegExp => new RegExp(`(?<![\\w$'-])(${names})(?![\\w$-])`, 'g');

/** Names that the vocabulary replaced, as names of options, properties and types. */
const vocabulary: readonly Phrase[] = [
  { pattern: named('endTokens?'), instead: 'eosTokenIds' },
  { pattern: named('startTokens?'), instead: 'decoderStartTokenIds' },
  { pattern: named('forcedBeginToken'), instead: 'forcedBosTokenId, forcedBosToken' },
  { pattern: named('forcedEndToken'), instead: 'forcedEosTokenId, forcedEosToken' },
  { pattern: /\.newTokens\b|(?<![\w$])newTokens\??:/g, instead: 'completionTokens' },
  { pattern: named('algebra'), instead: 'traits' },
  { pattern: named('survivors?'), instead: 'candidates' },
  { pattern: named('greenList|green list'), instead: 'kgwWatermark' },
  { pattern: named('prefixFunction'), instead: 'prefixAllowedTokens' },
  {
    pattern: named('[Ss]ourceMemory|memori[sz]e'),
    instead: 'EncoderKeyValues, storeEncoderKeyValues, encodeKeyValues',
  },
  { pattern: named('[Rr]unMemory'), instead: 'runState' },
  { pattern: named('[Bb]reather|Interruption'), instead: 'yieldToEventLoop, an Error subclass' },
  { pattern: named('Steering|steerable'), instead: 'Control, supportsControl' },
  { pattern: /'(growing|preallocated)'|`(growing|preallocated)`/g, instead: "'dynamic', 'static'" },
  { pattern: /\bstep\.(memory|drawn)\b/g, instead: 'step.state, step.sampled' },
  { pattern: /\.draw\(/g, instead: '.sample(' },
  { pattern: /\b(temperature|topNSigma|tailFree|topH|bestOf)\(\{ (t|n|z|h|of)\b/g, instead: 'the full word' },
  { pattern: /(\.|\breadonly )(lane|gain)\b/g, instead: 'beamIndex, weight' },
  {
    pattern: /\b(reason: |reason === )'(end-token|predicate|settled|stop-string|length|context)'/g,
    instead: 'finishReason',
  },
];

export const phrases: readonly Phrase[] = [
  ...wording,
  // A note about a rename has to name the old name.
  ...vocabulary.map((phrase) => ({ ...phrase, except: /^\.changeset\/|CHANGELOG\.md$/ })),
];

/** Files whose wording is not checked: texts that models read, and this list. */
const excluded =
  /^tooling\/checks\/src\/phrases\.|^tooling\/bench\/src\/benches\/formats\.ts$|^pnpm-lock\.yaml$|^LICENSE$/;

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly instead: string;
}

export function findingsIn(path: string, text: string): Finding[] {
  return phrases
    .filter(({ except }) => !except?.test(path))
    .flatMap(({ pattern, instead }) =>
      [...text.matchAll(pattern)].map((match) => ({
        path,
        line: text.slice(0, match.index).split('\n').length,
        text: match[0],
        instead,
      })),
    )
    .sort((a, b) => a.line - b.line);
}

/** Every finding in the texts of the repository. */
export function findings(): Finding[] {
  return repositoryFiles()
    .filter((path) => /\.(ts|tsx|mjs|js|md|html|css|ya?ml)$/.test(path) && !excluded.test(path))
    .flatMap((path) => findingsIn(path, readFileSync(join(root, path), 'utf8')));
}

/** What a file is counted under. The folder is left out, so that a file may move within its package. */
export function keyOf(path: string): string {
  const parts = path.split('/');
  return /^(packages|apps|tooling)$/.test(parts[0]!) ? `${parts[0]}/${parts[1]} ${basename(path)}` : path;
}

export function countsOf(found: readonly Finding[]): { [key: string]: number } {
  const counts: { [key: string]: number } = {};
  for (const { path } of found) counts[keyOf(path)] = (counts[keyOf(path)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const allowedFile = join(import.meta.dirname, '..', 'phrases.json');

/** How many findings each file may still have. To be emptied. */
export function allowedCounts(): { readonly [key: string]: number } {
  return JSON.parse(readFileSync(allowedFile, 'utf8'));
}

if (import.meta.main) {
  const found = findings();
  if (process.argv[2] === '--lower') {
    const allowed = allowedCounts();
    const lowered = Object.entries(countsOf(found)).map(([key, n]) => [key, Math.min(n, allowed[key] ?? 0)] as const);
    const left = Object.fromEntries(lowered.filter(([, n]) => n > 0));
    writeFileSync(allowedFile, `${JSON.stringify(left, undefined, 2)}\n`);
  } else {
    const parts = process.argv.slice(2);
    const listed = found.filter(({ path }) => parts.length === 0 || parts.some((part) => path.includes(part)));
    for (const { path, line, text, instead } of listed) console.log(`${path}:${line}: '${text}' -> ${instead}`);
    console.log(`${listed.length} findings in ${new Set(listed.map(({ path }) => path)).size} files`);
  }
}
