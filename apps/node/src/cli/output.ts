import type { WriteStream } from 'node:tty';
import { unmarkedStyles } from './terminal.ts';

/**
 * Write to standard output. On a terminal, control characters show as escapes: text of models and names from files must not
 * recolor, retitle or otherwise control the terminal of the reader. A pipe or a file gets the text as it is.
 */
export function print(text: string): void {
  process.stdout.write(shownOn(process.stdout, text));
}

/** Write to standard error, as `print` does to standard output. */
export function report(text: string): void {
  process.stderr.write(shownOn(process.stderr, text));
}

/** Take back the last columns of the line on standard output. Only on a terminal. */
export function eraseBack(columns: number): void {
  process.stdout.write(`\x1b[${columns}D\x1b[K`);
}

/** A text for a stream: styles of `paintFor` take effect, other control characters only where no terminal reads them. */
export function shownOn({ isTTY }: Partial<Pick<WriteStream, 'isTTY'>>, text: string): string {
  return unmarkedStyles(text, isTTY === true ? visibleControls : (part) => part);
}

/** '\u001b[31m' with a real escape character becomes text. Line breaks and tabs stay. The result is valid within JSON strings. */
export function visibleControls(text: string): string {
  return text.replace(controls, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** C0, DEL and C1, and the characters that reverse the direction of what follows. */
const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
