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
  /** Few short rounds, to see that everything works. */
  readonly quick: boolean;
  /** Print one JSON object a row. */
  readonly json: boolean;
  /** Only engines whose name contains this. */
  readonly engine?: string | undefined;
  /** Only shapes whose name contains this. */
  readonly shape?: string | undefined;
  /** Measure a software driver of a graphics card, too, whose numbers mean nothing. */
  readonly software?: boolean;
}

/** How much a bench measures, and where its rows go. */
export class Context {
  readonly bench: string;
  readonly quick: boolean;
  readonly engine: string | undefined;
  /** Text that the names of shapes contain; undefined for any. */
  readonly shapeNamed: string | undefined;
  readonly shapes: readonly Shape[];
  readonly software: boolean;
  readonly #json: boolean;

  constructor({ bench, quick, json, engine, shape, software = false }: ContextOptions) {
    this.bench = bench;
    this.quick = quick;
    this.engine = engine;
    this.shapeNamed = shape;
    this.shapes = this.among([tiny, gpt2Small]);
    this.software = software;
    this.#json = json;
  }

  /** Those of some shapes that were asked for. */
  among(shapes: readonly Shape[]): Shape[] {
    return shapes.filter(({ name }) => this.shapeNamed === undefined || name.includes(this.shapeNamed));
  }

  /** Measure in turns, with as many rounds as this call of the program asks for. */
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

  /** A row of this bench; `values` are those of the contestant that it is about. */
  row(facts: RowFacts, values: readonly number[], turns: Pick<Turns, 'noisy' | 'foreign'>): Row {
    return makeRow(this.bench, facts, summarize(values), turns);
  }

  /** Print rows under a heading. */
  print(heading: string, rows: readonly Row[]): void {
    this.printAs(heading, rows, measured);
  }

  /** Print rows of another kind than measured times, with columns of their own. */
  printAs<R>(heading: string, rows: readonly R[], columns: readonly Column<R>[]): void {
    if (this.#json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    else process.stdout.write(`\n${heading}\n${table(rows, columns).join('\n')}\n`);
  }

  /** Say something that is no row. It never disturbs `--json`. */
  note(line: string): void {
    (this.#json ? process.stderr : process.stdout).write(`${line}\n`);
  }
}
