import { gpt2Small, type Shape, tiny } from '../models/shapes.ts';
import { makeRow, type Row, type RowFacts } from '../report/row.ts';
import { type Column, measured, table } from '../report/table.ts';
import { summarize } from '../timing/statistics.ts';
import { type Contestant, inTurns, type Turns } from '../timing/turns.ts';

/** One command: `pnpm bench <name>`. */
export interface Bench {
  readonly name: string;
  /** What it prints, in one line. */
  readonly summary: string;
  run(context: Context): Promise<void>;
}

export interface ContextOptions {
  readonly bench: string;
  /** A few short rounds that only show that the bench works. */
  readonly quick: boolean;
  /** Print one JSON object per row. */
  readonly json: boolean;
  /** Only engines whose name contains this. */
  readonly engine?: string | undefined;
  /** Only shapes whose name contains this. */
  readonly shape?: string | undefined;
  /** Also measure a software driver, whose numbers are meaningless. */
  readonly software?: boolean;
  /** Folder with data, for the bench `grammar`. */
  readonly data?: string | undefined;
  /** How many draws the bench `seeds` compares. */
  readonly draws?: number | undefined;
}

/** How much a bench measures, and where its rows go. */
export class Context {
  readonly bench: string;
  readonly quick: boolean;
  readonly engine: string | undefined;
  /** Text that the name of a shape must contain; undefined for all shapes. */
  readonly shapeNamed: string | undefined;
  readonly shapes: readonly Shape[];
  readonly software: boolean;
  readonly data: string | undefined;
  readonly draws: number | undefined;
  readonly #json: boolean;

  constructor({ bench, quick, json, engine, shape, software = false, data, draws }: ContextOptions) {
    this.data = data;
    this.draws = draws;
    this.bench = bench;
    this.quick = quick;
    this.engine = engine;
    this.shapeNamed = shape;
    this.shapes = this.among([tiny, gpt2Small]);
    this.software = software;
    this.#json = json;
  }

  /** The requested ones among some shapes. */
  among(shapes: readonly Shape[]): Shape[] {
    return shapes.filter(({ name }) => this.shapeNamed === undefined || name.includes(this.shapeNamed));
  }

  /** Measure contestants alternately, with the number of rounds of this invocation. */
  turns(
    contestants: readonly Contestant[],
    options: { children?: readonly number[]; warmUps?: number; leastTime?: number } = {},
  ): Promise<Turns> {
    return inTurns(contestants, {
      rounds: this.quick ? 2 : 5,
      repeats: this.quick ? 0 : 10,
      leastTime: this.quick ? 20 : 100,
      ...options,
    });
  }

  /** A row of this bench; `values` are the measurements of its contestant. */
  row(facts: RowFacts, values: readonly number[], turns: Pick<Turns, 'noisy' | 'foreign'>): Row {
    return makeRow(this.bench, facts, summarize(values), turns);
  }

  /** Print rows under a heading. */
  print(heading: string, rows: readonly Row[]): void {
    this.printAs(heading, rows, measured);
  }

  /** Print rows other than measured times, with their own columns. */
  printAs<R>(heading: string, rows: readonly R[], columns: readonly Column<R>[]): void {
    if (this.#json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    else process.stdout.write(`\n${heading}\n${table(rows, columns).join('\n')}\n`);
  }

  /** Print a line that is not a row. With `--json` it goes to standard error. */
  note(line: string): void {
    (this.#json ? process.stderr : process.stdout).write(`${line}\n`);
  }
}
