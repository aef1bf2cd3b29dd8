import { afterEach, expect, it, vi } from 'vitest';
import { Progress } from './progress.ts';

/** A terminal of a few lines that knows the sequences which a progress bar uses. */
class Screen {
  #lines: string[];
  #row: number;
  #column = 0;
  #saved = 0;

  /** @param row where the cursor is. */
  constructor(height: number, row: number) {
    this.#lines = Array.from({ length: height }, (_, at) => (at < row ? `line ${at}` : ''));
    this.#row = row;
  }

  get lines(): readonly string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  write(text: string): void {
    const [plain = '', ...parts] = text.split('\u001b');
    for (const character of plain) this.#put(character);
    for (const part of parts) {
      const [sequence = ''] = /^([78]|\[[\d;?]*[A-Za-z])/.exec(part) ?? [];
      this.#move(sequence);
      for (const character of part.slice(sequence.length)) this.#put(character);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#column = 0;
      if (this.#row < this.#lines.length - 1) this.#row++;
      else this.#lines = [...this.#lines.slice(1), ''];
    } else {
      const line = this.#lines[this.#row]!.padEnd(this.#column);
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #move(sequence: string): void {
    const count = Number(/\d+/.exec(sequence)?.[0] ?? 1);
    if (sequence === '7') this.#saved = this.#row;
    else if (sequence === '8') this.#row = this.#saved;
    else if (sequence.endsWith('A')) this.#row = Math.max(0, this.#row - count);
    else if (sequence.endsWith('G')) this.#column = count - 1;
    else if (sequence.endsWith('K')) this.#clear(this.#row, sequence === '[2K' ? 0 : this.#column);
    else if (sequence.endsWith('J')) {
      this.#clear(this.#row, this.#column);
      for (let row = this.#row + 1; row < this.#lines.length; row++) this.#clear(row, 0);
    } else if (!/[hlm]$/.test(sequence)) throw new Error(`The test knows no sequence ${sequence}.`);
  }

  #clear(row: number, from: number): void {
    this.#lines[row] = this.#lines[row]!.slice(0, from);
  }
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it.each([2, 7])('leaves nothing when Enter was pressed meanwhile; the cursor in line %i of 8', (row) => {
  const screen = new Screen(8, row);
  vi.stubEnv('TERM', 'xterm');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    screen.write(String(text));
    return true;
  });
  const wasTerminal = process.stderr.isTTY;
  process.stderr.isTTY = true;
  try {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    const progress = new Progress('loading');
    const show = (done: number): void => {
      now += 1000;
      progress.show(done * 1e6, 10e6);
    };
    show(1);
    expect(screen.lines.join('\n')).toContain('loading');
    for (const done of [2, 3]) {
      screen.write('\n');
      show(done);
    }
    progress.clear();
    const above = screen.lines.filter((line) => line !== '');
    expect(above.every((line) => /^line \d$/.test(line))).toBe(true);
    screen.write('next');
    // The text continues where the bar was.
    const lines = screen.lines.filter((line) => line !== '');
    expect(lines.at(-1)).toBe('next');
    expect(screen.lines.indexOf('next')).toBe(Math.min(row, 8 - 1 - 3));
  } finally {
    process.stderr.isTTY = wasTerminal;
  }
});
