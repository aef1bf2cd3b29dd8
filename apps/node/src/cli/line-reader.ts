import { createInterface } from 'node:readline';
import { report } from './output.ts';

/** What was read: a text, an interrupt, or the end of the input. */
export type Line = { readonly text: string } | 'interrupt' | 'end';

/** Reads what a person, or a pipe, says: one text after the other. */
export interface LineReader {
  /** @param prompt is shown before the text, on a terminal. */
  next(prompt: string): Promise<Line>;
  close(): void;
}

/** @param complete what a text that was begun may become, for the Tab key. */
export function lineReader(complete: (begun: string) => readonly string[]): LineReader {
  return process.stdin.isTTY ? terminalReader(complete) : pipeReader();
}

/** A terminal hands over a long paste in pieces; lines that come within this time of each other were pasted. */
const pasteMilliseconds = 20;

/**
 * On a terminal. Each question has an interface of its own, so that between them Ctrl-C is a signal and typing is left to the terminal.
 * Lines that are pasted are one text; a backslash at the end of a line continues it on the next.
 */
function terminalReader(complete: (begun: string) => readonly string[]): LineReader {
  let history: string[] = [];
  let begun = '';
  return {
    next(prompt) {
      return new Promise((resolve) => {
        const reader = createInterface({
          input: process.stdin,
          output: process.stderr,
          history: [...history],
          prompt,
          completer: (text: string) => [[...complete(text)], text],
        });
        const lines: string[] = [];
        let quiet: NodeJS.Timeout | undefined;
        const leave = (line: Line): void => {
          clearTimeout(quiet);
          begun = line === 'interrupt' ? '' : reader.line;
          resolve(line);
          reader.close();
        };
        reader.on('history', (entries: string[]) => {
          history = entries;
        });
        reader.on('line', (text: string) => {
          if (text.endsWith('\\')) {
            lines.push(text.slice(0, -1));
            reader.setPrompt('… ');
            reader.prompt();
            return;
          }
          lines.push(text);
          clearTimeout(quiet);
          quiet = setTimeout(() => leave({ text: lines.join('\n') }), pasteMilliseconds);
        });
        reader.on('SIGINT', () => {
          report('\n');
          leave('interrupt');
        });
        reader.on('close', () => resolve('end'));
        reader.prompt();
        if (begun !== '') reader.write(begun);
      });
    },
    close() {},
  };
}

/** From a pipe or file, a line a text. */
function pipeReader(): LineReader {
  const reader = createInterface({ input: process.stdin, terminal: false });
  const lines = reader[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await lines.next();
      return done === true ? 'end' : { text: value };
    },
    close: () => reader.close(),
  };
}
