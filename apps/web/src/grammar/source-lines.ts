import type { GrammarKind } from '../settings.ts';

/** The first and the last line of a part of a text, from 1. */
export interface SourceLines {
  readonly from: number;
  readonly to: number;
}

/** Where the text of a grammar says what a place asks for: of a JSON pointer or of a rule; of the nearest part around it. */
export function linesOf(kind: GrammarKind, text: string, at: string): SourceLines | undefined {
  if (kind === 'regex') return undefined;
  if (kind === 'gbnf') {
    const line = text.split('\n').findIndex((one) => one.trimStart().startsWith(`${at} `) && one.includes('::='));
    return line < 0 ? undefined : { from: line + 1, to: line + 1 };
  }
  const places = pointersOf(text);
  for (let pointer = decoded(at); ; pointer = pointer.slice(0, pointer.lastIndexOf('/'))) {
    const found = places.get(pointer);
    if (found !== undefined) return found;
    if (!pointer.includes('/')) return undefined;
  }
}

function decoded(pointer: string): string {
  try {
    return decodeURIComponent(pointer);
  } catch {
    return pointer;
  }
}

/** The lines of each value of a JSON text, by its JSON pointer: '#/properties/age'. Of broken JSON as far as it can be read. */
export function pointersOf(text: string): ReadonlyMap<string, SourceLines> {
  const found = new Map<string, SourceLines>();
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\[\s\S])*"|[{}[\],:]|[^\s{}[\],:"]+/g)];
  const lineAt = lineFinder(text);
  let at = 0;
  const value = (pointer: string, from: number): void => {
    const start = tokens[at];
    if (start === undefined) return;
    let last = start;
    at++;
    if (start[0] === '{' || start[0] === '[') {
      const isObject = start[0] === '{';
      for (let index = 0; tokens[at] !== undefined && tokens[at]![0] !== '}' && tokens[at]![0] !== ']'; index++) {
        const name = tokens[at]!;
        if (isObject) at += 2;
        value(`${pointer}/${isObject ? escaped(name[0]) : index}`, lineAt(name.index));
        if (tokens[at]?.[0] === ',') at++;
      }
      last = tokens[at] ?? tokens.at(-1)!;
      at++;
    }
    found.set(pointer, { from, to: lineAt(last.index) });
  };
  value('#', 1);
  return found;
}

function escaped(name: string): string {
  try {
    return String(JSON.parse(name)).replaceAll('~', '~0').replaceAll('/', '~1');
  } catch {
    return name;
  }
}

function lineFinder(text: string): (index: number) => number {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return (index) => starts.findLastIndex((start) => start <= index) + 1;
}
