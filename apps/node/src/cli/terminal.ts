import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import stringWidth from 'string-width';

export type Style = Parameters<typeof styleText>[0];

/** Puts a style around a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

/**
 * Colors only on a terminal; NO_COLOR turns them off, FORCE_COLOR on. Styles carry a mark, so that `print` and `report` can tell them
 * from escape sequences in a text.
 */
export function paintFor(stream: Output): Paint {
  return usesColors(stream) ? marked : (_, text) => text;
}

/** Eight random digits: no text contains them by intention. As parameters of a style, they would have no meaning. */
const mark = Array.from(crypto.getRandomValues(new Uint16Array(2)), (part) => 1000 + (part % 9000)).join(';');
const markedStyle = new RegExp(`(?<start>\\x1b\\[)(?<codes>[\\d;]+);${mark}m`, 'g');

function marked(style: Style, text: string): string {
  const [before = '', after = ''] = styleText(style, '|', { validateStream: false })
    .replaceAll(/[\d;]+m/g, (codes) => `${codes.slice(0, -1)};${mark}m`)
    .split('|');
  return before + text + after;
}

/** A text with the styles of `paintFor` as escape sequences; what is between them is passed through `convert`. */
export function unmarkedStyles(text: string, convert: (part: string) => string): string {
  let result = '';
  let from = 0;
  for (const { 0: whole, index, groups } of text.matchAll(markedStyle)) {
    result += `${convert(text.slice(from, index))}${groups!.start}${groups!.codes}m`;
    from = index + whole.length;
  }
  return result + convert(text.slice(from));
}

export function usesColors(stream: Output): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

/** Columns of the terminal; 80 where there is none. */
export function widthOf(stream: Output): number {
  const { columns } = stream;
  return columns === undefined || columns === 0 ? 80 : Math.max(40, columns);
}

/** A horizontal bar of eighths of a character, `width` characters long when `share` is 1. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  if (eighths === 0) return share > 0 ? '▏' : '';
  return '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
}

/** Break a text at spaces into lines of at most `width` columns. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Parts side by side, as many on a line as fit. */
export function packed(parts: readonly string[], width: number, separator: string): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.length === 0 ? undefined : `${lines.at(-1)}${separator}${part}`;
    if (line !== undefined && columnsOf(line) <= width) lines[lines.length - 1] = line;
    else lines.push(part);
  }
  return lines;
}

/** Columns that a text takes; wide characters take two, control characters six as they show as escapes, styles none. */
export function columnsOf(text: string): number {
  return stringWidth(text.replace(markedStyle, '').replace(controls, '      '));
}

/** The characters of a text as a person counts them: with their marks, and what is joined to one sign. */
export function charactersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** A text in exactly `width` columns: cut with '…' at its end, or filled with spaces. */
export function fit(text: string, width: number): string {
  const columns = columnsOf(text);
  if (columns <= width) return text + ' '.repeat(width - columns);
  let cut = '';
  let taken = 0;
  for (const character of charactersOf(text)) {
    taken += columnsOf(character);
    if (taken > width - 1) break;
    cut += character;
  }
  return fit(`${cut}…`, width);
}

/** The end of a text in at most `width` columns, with '…' where something was cut. */
export function fitEnd(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let cut = '';
  let taken = 0;
  for (const character of charactersOf(text).reverse()) {
    taken += columnsOf(character);
    if (taken > width - 1) break;
    cut = character + cut;
  }
  return `…${cut}`;
}

const segmenter = new Intl.Segmenter();
const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
