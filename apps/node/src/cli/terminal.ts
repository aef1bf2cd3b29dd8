import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Puts a style around a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

/** Colors only on a terminal; NO_COLOR turns them off, FORCE_COLOR on. */
export function paintFor(stream: Output): Paint {
  return usesColors(stream) ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
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

/** Break a text at spaces into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Columns that a text takes; wide characters take two, styles none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of stripVTControlCharacters(text))
    columns += wide.test(character) ? 2 : combining.test(character) ? 0 : 1;
  return columns;
}

/** A text in exactly `width` columns: cut with '…' at its end, or filled with spaces. */
export function fit(text: string, width: number): string {
  if (columnsOf(text) <= width) return text + ' '.repeat(width - columnsOf(text));
  let cut = '';
  for (const character of text) {
    if (columnsOf(cut + character) > width - 1) break;
    cut += character;
  }
  return fit(`${cut}…`, width);
}

/** The end of a text in at most `width` columns, with '…' where something was cut. */
export function fitEnd(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  const characters = [...text];
  let from = characters.length;
  while (from > 0 && columnsOf(characters.slice(from - 1).join('')) < width) from--;
  return `…${characters.slice(from).join('')}`;
}

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}！-｠]/u;
const combining = /\p{Mark}/u;
