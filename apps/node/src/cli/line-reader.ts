import { createInterface, type Interface } from 'node:readline';
import { report, shownOn } from './output.ts';

/** What was read: a text, an interrupt, or the end of the input. */
export type Line = { readonly text: string } | 'interrupt' | 'end';

/** Reads what a person types, or what a pipe sends: one text after the other. */
export interface LineReader {
  /** @param prompt Shown before the text, on a terminal. */
  next(prompt: string): Promise<Line>;
  close(): void;
}

/** How a terminal reads. */
export interface TerminalReading {
  /** What a text that was begun may become, for the Tab key. */
  complete(begun: string): readonly string[];
  /** Whether a line is a command. A command is never joined with other lines. */
  isCommand(line: string): boolean;
}

export function lineReader(reading: TerminalReading): LineReader {
  return process.stdin.isTTY ? terminalReader(reading) : pipeReader();
}

/** Without bracketed paste, lines that come within this time of each other, in milliseconds, are one text. */
const pasteMilliseconds = 20;

/** Asks the terminal to mark what is pasted; terminals that cannot do it ignore this. */
const bracketedPaste = { on: '\x1b[?2004h', off: '\x1b[?2004l' };

/**
 * Reads from a terminal. Each call creates its own readline interface: between calls, Ctrl-C is a signal and the terminal handles typing.
 * Pasted lines are one text, with what is typed after them; a backslash at the end of a line continues it on the next.
 */
function terminalReader({ complete, isCommand }: TerminalReading): LineReader {
  let history: string[] = [];
  let begun = '';
  /** Texts that came together with an earlier one. */
  const waiting: string[] = [];
  return {
    next(prompt) {
      const next = waiting.shift();
      if (next !== undefined) {
        report(`${prompt}${next}\n`);
        return Promise.resolve({ text: next });
      }
      return new Promise((resolve) => {
        const { stdin: input, stderr: output } = process;
        const marksPastes = process.env.TERM !== 'dumb';
        if (marksPastes) output.write(bracketedPaste.on);
        const reader: Interface & { isCompletionEnabled?: boolean } = createInterface({
          input,
          output,
          history: [...history],
          prompt: shownOn(output, prompt),
          completer: (text: string) => [[...complete(text)], text],
        });
        const lines: string[] = [];
        let quiet: NodeJS.Timeout | undefined;
        let isPasting = false;
        let isDone = false;
        const leave = (line: Line): void => {
          if (isDone) return;
          isDone = true;
          clearTimeout(quiet);
          input.off('keypress', onKey);
          if (marksPastes) output.write(bracketedPaste.off);
          begun = line === 'interrupt' ? '' : reader.line;
          resolve(line);
          reader.close();
        };
        const send = (): void => {
          const [first = '', ...rest] = textsOf(lines, isCommand);
          waiting.push(...rest);
          leave({ text: first });
        };
        const goOn = (): void => {
          reader.setPrompt('… ');
          reader.prompt(true);
        };
        const onKey = (_: string | undefined, key: { readonly name?: string } | undefined): void => {
          if (key?.name !== 'paste-start' && key?.name !== 'paste-end') return;
          isPasting = key.name === 'paste-start';
          // A pasted tab is a tab.
          reader.isCompletionEnabled = !isPasting;
        };
        input.on('keypress', onKey);
        reader.on('history', (entries: string[]) => {
          history = entries;
        });
        let wasPasted = false;
        reader.on('line', (text: string) => {
          if (isPasting || text.endsWith('\\')) {
            wasPasted ||= isPasting;
            lines.push(isPasting ? text : text.slice(0, -1));
            goOn();
            return;
          }
          lines.push(text);
          clearTimeout(quiet);
          if (wasPasted) return leave({ text: lines.join('\n') });
          // More that came at once, and does not end in a line break yet, belongs to the text.
          quiet = setTimeout(() => (reader.line === '' ? send() : goOn()), pasteMilliseconds);
        });
        reader.on('SIGINT', () => {
          leave('interrupt');
          report('\n');
        });
        reader.on('close', () => {
          if (isDone) return;
          leave('end');
          report('\n');
        });
        reader.prompt();
        if (begun !== '') reader.write(begun);
      });
    },
    close() {},
  };
}

/** Splits lines that arrived together: each command is one text, and so are the lines between two commands. */
export function textsOf(lines: readonly string[], isCommand: (line: string) => boolean): string[] {
  const texts: string[] = [];
  let open = false;
  for (const line of lines) {
    const command = isCommand(line);
    if (open && !command) texts.push(`${texts.pop()}\n${line}`);
    else texts.push(line);
    open = !command;
  }
  return texts;
}

/** Reads from a pipe or a file. Each line is one text. */
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
