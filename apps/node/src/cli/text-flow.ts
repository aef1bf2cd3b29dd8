import { eraseBack, print } from './output.ts';
import { charactersOf, columnsOf, widthOf } from './terminal.ts';

/** What a text flows to. */
export interface FlowOutput {
  print(text: string): void;
  /** Take back the last columns of the current line. */
  eraseBack(columns: number): void;
  /** Columns of a line; undefined where lines are not broken. */
  width(): number | undefined;
}

const standardOutput: FlowOutput = {
  print,
  eraseBack,
  width: () => (process.stdout.isTTY && process.env.TERM !== 'dumb' ? widthOf(process.stdout) : undefined),
};

/**
 * Text that arrives in pieces, broken between words on a terminal. In a pipe or a file it stays as it is.
 *
 * Each piece shows at once. A word that turns out to be too long for its line is taken back and put on the next one.
 */
export class TextFlow {
  readonly #output: FlowOutput;
  /** Columns of the current line that are taken. */
  #column = 0;
  /** The word at the end of the text so far. */
  #word = '';
  /** What is not printed yet. */
  #waiting = '';

  constructor(output: FlowOutput = standardOutput) {
    this.#output = output;
  }

  write(text: string): void {
    const width = this.#output.width();
    // The last column stays free: after a character there, terminals differ in where the cursor is.
    if (width !== undefined) for (const character of charactersOf(text)) this.#put(character, width - 1);
    else this.#waiting = text;
    if (this.#waiting !== '') this.#output.print(this.#waiting);
    this.#waiting = '';
  }

  #put(character: string, width: number): void {
    if (/^[\r\n]+$/.test(character)) this.#end(character);
    else if (character === ' ' || character === '\t') {
      const columns = character === ' ' ? 1 : tabStop - (this.#column % tabStop);
      if (this.#column + columns > width) this.#end('\n');
      else this.#take(character, columns, '');
    } else this.#putSign(character, width);
  }

  #putSign(character: string, width: number): void {
    const columns = columnsOf(character);
    // Lines may break before and after a wide character: scripts that use them do not separate words.
    if (columns > 1) this.#word = '';
    if (this.#column + columns > width) this.#break();
    this.#take(character, columns, columns > 1 ? '' : this.#word + character);
  }

  #take(character: string, columns: number, word: string): void {
    this.#waiting += character;
    this.#column += columns;
    this.#word = word;
  }

  #end(character: string): void {
    this.#waiting += character;
    this.#column = 0;
    this.#word = '';
  }

  /** Begin the next line with the last word, or in the middle of a word that has the line for itself. */
  #break(): void {
    const columns = columnsOf(this.#word);
    const word = columns < this.#column ? this.#word : '';
    if (this.#waiting.endsWith(word)) this.#waiting = this.#waiting.slice(0, this.#waiting.length - word.length);
    else {
      this.#output.eraseBack(columns - columnsOf(this.#waiting));
      this.#waiting = '';
    }
    this.#end('\n');
    this.#waiting += word;
    this.#column = columnsOf(word);
    this.#word = word;
  }
}

const tabStop = 8;
