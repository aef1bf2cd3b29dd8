import { clearScreenDown, moveCursor } from 'node:readline';
import { SingleBar } from 'cli-progress';
import { report, shownOn } from './output.ts';
import { fit, paintFor, widthOf } from './terminal.ts';

/** What takes less than this, in milliseconds, shows no bar. */
const patience = 700;
/** Minimum time between two updates of the bar, in milliseconds. */
const drawEvery = 80;

/** Lines below the bar that Enter may take without moving the bar on the screen. */
const linesBelow = 3;

/** In which unit something is counted. */
export type Unit = 'bytes' | 'tokens' | 'sentences' | 'steps';

/**
 * A bar on standard error that shows how far something is: only on a terminal that can move its cursor, and only when it takes a
 * while. Nothing here waits for a timer, so work that blocks the event loop can show a bar, too.
 */
export class Progress {
  readonly #name: string;
  readonly #unit: Unit;
  readonly #begun = performance.now();
  #drawn = 0;
  #bar: SingleBar | undefined;
  readonly #onExit = (): void => this.clear();

  /** @param name what is being done: 'loading gpt2'. */
  constructor(name: string, unit: Unit = 'bytes') {
    this.#name = name;
    this.#unit = unit;
  }

  show(done: number, total: number): void {
    const now = performance.now();
    const { stderr } = process;
    if (
      !stderr.isTTY ||
      process.env.TERM === 'dumb' ||
      now - this.#begun < patience ||
      now - this.#drawn < drawEvery ||
      total === 0
    )
      return;
    this.#drawn = now;
    if (this.#bar === undefined) {
      this.#bar = this.#make();
      // The bar remembers its place on the screen, so the screen must not scroll when a person presses Enter.
      report('\n'.repeat(linesBelow));
      moveCursor(stderr, 0, -linesBelow);
      this.#bar.start(total, done);
      // The terminal must be as it was, whatever ends the process.
      process.once('exit', this.#onExit);
    }
    this.#bar.setTotal(total);
    this.#bar.update(done);
  }

  /** Take the bar away. */
  clear(): void {
    if (this.#bar === undefined) return;
    this.#bar.stop();
    // What was typed, and bars that were drawn below it.
    clearScreenDown(process.stderr);
    this.#bar = undefined;
    process.off('exit', this.#onExit);
  }

  #make(): SingleBar {
    const paint = paintFor(process.stderr);
    const width = Math.min(100, widthOf(process.stderr));
    const begun = this.#begun;
    return new SingleBar({
      stream: process.stderr,
      clearOnComplete: true,
      linewrap: false,
      // Drawn on request: the library's own timer would not fire during work that never waits.
      synchronousUpdate: true,
      gracefulExit: false,
      format: (_, { value, total }) => {
        const share = Math.min(1, value / total);
        const counted = `${counts[this.#unit](value, total)}${leftAt(share, performance.now() - begun)}`;
        const name = fit(this.#name, Math.min(28, Math.max(10, width - counted.length - 24))).trimEnd();
        const room = Math.max(5, Math.min(30, width - name.length - counted.length - 11));
        const full = Math.round(share * room);
        const bar = paint('green', '█'.repeat(full)) + paint('dim', '░'.repeat(room - full));
        return shownOn(process.stderr, `${name} ${bar} ${`${Math.floor(share * 100)}`.padStart(3)} %  ${counted}`);
      },
    });
  }
}

const counts: Readonly<Record<Unit, (value: number, total: number) => string>> = {
  bytes: (value, total) => {
    const [size, unit] = total >= 1e9 ? [1e9, 'GB'] : [1e6, 'MB'];
    const shown = (bytes: number): string => (bytes / size).toFixed(total >= 1e9 ? 2 : 1);
    return `${shown(value)} of ${shown(total)} ${unit}`;
  },
  tokens: (value, total) => `${value} of ${total} tokens`,
  sentences: (value, total) => `${value} of ${total} sentences`,
  steps: (value, total) => `${value} of ${total}`,
};

/** ', 12 s left' */
function leftAt(share: number, elapsed: number): string {
  if (share <= 0.01 || share >= 1) return '';
  const seconds = Math.ceil(((elapsed / share) * (1 - share)) / 1000);
  return seconds < 100 ? `, ${seconds} s left` : `, ${Math.ceil(seconds / 60)} min left`;
}
