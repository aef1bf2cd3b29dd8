import { GrammarLimitError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import { Expressions } from '../expressions/expressions.ts';
import { JsonText } from '../expressions/json-text.ts';
import type { Automaton } from './automaton.ts';

/** Threads that one state may have. */
const threadLimit = 4096;
/** What is kept at a time of expressions, derivatives, states, threads and continuations. */
const keptParts = 60_000;
/** Characters of the keys of what is kept: a key may hold texts that must not be repeated. */
const keptKeys = 2_000_000;
/** Bytes of a text that is kept because it is compared with others. */
const longestCapture = 1 << 14;

/** More than a continuation has tags: for keys that are numbers. */
const tagsPerContinuation = 2 ** 22;

/** What follows a part of the text. */
export interface Continuation {
  readonly id: number;
  /** Where it is in the grammar. */
  readonly pointer: string;
  /** True when `resume` needs the text of the part. */
  readonly captures: boolean;
  /**
   * What can follow when the part ended with the alternative `tag`. `captured`: the bytes since the capture began, one per
   * character; '' when nothing is captured.
   */
  resume(tag: number, captured: string): Outcome;
}

/** Ways to continue. `done`: the text may end here. */
export interface Outcome {
  readonly threads: readonly Thread[];
  readonly done: boolean;
}

export const nowhere: Outcome = { threads: [], done: false };

/** One way in which the text so far can be read. */
export interface Thread {
  readonly id: number;
  /** What is left of the current part. */
  readonly at: Expression;
  readonly then: Continuation;
  /** The bytes of the current part so far, if `then` needs them. */
  readonly captured: string;
}

/** All ways in which the text so far can be read. */
export interface MachineState {
  readonly id: number;
  readonly threads: readonly Thread[];
  readonly done: boolean;
}

/** Builds a part of a machine: gives what starts the part, when it is known what follows. */
export type MachineSource = (machine: Machine) => (then: Continuation) => Outcome;

/**
 * A pushdown automaton. A text is a sequence of parts; each part is a regular language, and the continuation of a part,
 * which is its stack, says what comes after it. Stacks, threads and states are shared, so equal ones are one object.
 */
export class Machine implements Automaton<MachineState> {
  readonly make: Expressions = new Expressions(sharedText().make);
  readonly text: JsonText = new JsonText(this.make, sharedText());
  /** How it was built, so that it can be a part of another machine. */
  readonly source: MachineSource;
  /** Expressions that take any one character that a JSON string may hold as it is: vocabularies have masks for them. */
  readonly units: ReadonlySet<Expression> = new Set([this.text.fullChar, this.text.canonicalChar]);
  readonly #memos: Map<unknown, unknown>[] = [];
  readonly #threads: Map<string, Thread> = this.memo();
  readonly #states: Map<string, MachineState> = this.memo();
  readonly #continuations: Map<string, Continuation> = this.memo();
  /** States by state and byte. */
  readonly #steps: Map<number, MachineState | undefined> = this.memo();
  /** Outcomes by continuation and tag. */
  readonly #outcomes: Map<number, Outcome> = this.memo();
  #ids = 0;
  #keyLength = 0;
  #initial: MachineState | undefined;
  #start: ((then: Continuation) => Outcome) | undefined;

  /** @param isLazy build it when it is first used: for a grammar of other grammars, which are checked already. */
  constructor(source: MachineSource, isLazy = false) {
    this.source = source;
    if (!isLazy) this.#start = this.#build();
  }

  get initial(): MachineState {
    this.#start ??= this.#build();
    this.#initial ??= this.#state(this.#start(ending()));
    return this.#initial;
  }

  #build(): (then: Continuation) => Outcome {
    const start = this.source(this);
    this.make.keep();
    this.make.startWork();
    return start;
  }

  step(state: MachineState, byte: number): MachineState | undefined {
    const key = state.id * 256 + byte;
    const known = this.#steps.get(key);
    if (known !== undefined || this.#steps.has(key)) return known;
    this.startWork();
    const threads = new Set<Thread>();
    let done = false;
    for (const thread of state.threads) {
      const at = this.make.step(thread.at, byte);
      if (at === this.make.none) continue;
      const captured = thread.then.captures ? thread.captured + String.fromCharCode(byte) : '';
      if (this.isOpen(at)) threads.add(this.#thread(at, thread.then, captured));
      for (const tag of this.make.tagsOf(at)) {
        const outcome = thread.then.resume(tag, captured);
        for (const next of outcome.threads) threads.add(next);
        done ||= outcome.done;
      }
    }
    const next = threads.size === 0 && !done ? undefined : this.#state({ threads: [...threads], done });
    this.#steps.set(key, next);
    return next;
  }

  accepting(state: MachineState): boolean {
    return state.done;
  }

  key(state: MachineState): string {
    return String(state.id);
  }

  describe(state: MachineState): string {
    return state.threads[0]?.then.pointer ?? '#';
  }

  /** True when a longer text than the one so far is in the part. */
  isOpen(at: Expression): boolean {
    const next = at.next ?? this.make.expand(at);
    return next.length > 1 || next[0] !== this.make.none;
  }

  /**
   * The ways to start a part with the language `at`.
   *
   * @param captured what is captured already, when a capture goes over several parts.
   */
  begin(at: Expression, then: Continuation, captured = ''): Outcome {
    if (at === this.make.none) return nowhere;
    const threads = this.isOpen(at) ? [this.#thread(at, then, then.captures ? captured : '')] : [];
    let done = false;
    for (const tag of this.make.tagsOf(at)) {
      const outcome = then.resume(tag, then.captures ? captured : '');
      threads.push(...outcome.threads);
      done ||= outcome.done;
    }
    return { threads, done };
  }

  /** The continuation with this key; made when it is new. */
  continuation(key: string, create: (id: number) => Continuation): Continuation {
    let result = this.#continuations.get(key);
    if (result === undefined) {
      const made = create(this.#ids++);
      result = made.captures ? made : { ...made, resume: (tag) => this.#resumed(made, tag) };
      this.#continuations.set(key, result);
      this.#keyLength += key.length;
    }
    return result;
  }

  #resumed(then: Continuation, tag: number): Outcome {
    const key = then.id * tagsPerContinuation + tag;
    let outcome = this.#outcomes.get(key);
    if (outcome === undefined) {
      outcome = then.resume(tag, '');
      this.#outcomes.set(key, outcome);
    }
    return outcome;
  }

  /** A text that no other part of this machine has got, for the keys of continuations. */
  prefix(): string {
    return `${this.#prefixes++}:`;
  }
  #prefixes = 0;

  /** A table that is emptied when much is kept. */
  memo<Key, Value>(): Map<Key, Value> {
    const table = new Map<Key, Value>();
    this.#memos.push(table as Map<unknown, unknown>);
    return table;
  }

  /** A number for a list of texts, for the keys of continuations. Equal numbers mean equal lists. */
  listNumber(texts: readonly string[]): number {
    if (texts.length === 0) return -1;
    const key = JSON.stringify(texts);
    let number = this.#lists.get(key);
    if (number === undefined) {
      if (key.length > longestCapture)
        throw new GrammarLimitError('bytes in values that must not be repeated', longestCapture);
      number = this.#ids++;
      this.#lists.set(key, number);
      this.#keyLength += key.length;
    }
    return number;
  }
  readonly #lists: Map<string, number> = this.memo();

  /**
   * Begin work on one step or one mask. When much is kept, it is dropped first. States that someone holds still work.
   */
  startWork(): void {
    this.make.startWork();
    if (this.kept <= keptParts && this.#keyLength <= keptKeys) return;
    for (const table of this.#memos) table.clear();
    this.make.forget();
    this.#keyLength = 0;
    this.#initial = undefined;
  }

  /** How many expressions, states, threads and other parts are kept until there are too many. */
  get kept(): number {
    return this.#memos.reduce((sum, { size }) => sum + size, this.make.size);
  }

  #thread(at: Expression, then: Continuation, captured: string): Thread {
    const key = `${at.id},${then.id},${captured}`;
    let thread = this.#threads.get(key);
    if (thread === undefined) {
      if (captured.length > longestCapture)
        throw new GrammarLimitError('bytes in a value that is compared with others', longestCapture);
      thread = { id: this.#ids++, at, then, captured };
      this.#threads.set(key, thread);
      this.#keyLength += key.length;
    }
    return thread;
  }

  #state({ threads, done }: Outcome): MachineState {
    const sorted = [...new Set(threads)].sort((a, b) => a.id - b.id);
    if (sorted.length > threadLimit) throw new GrammarLimitError('readings of one text', threadLimit);
    const key = `${done}${sorted.map(({ id }) => id).join(',')}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { id: this.#ids++, threads: sorted, done };
      this.#states.set(key, state);
      this.#keyLength += key.length;
    }
    return state;
  }
}

let shared: JsonText | undefined;

/** The expressions that all grammars have in common: JSON strings. */
function sharedText(): JsonText {
  shared ??= new JsonText(new Expressions());
  return shared;
}

/** A continuation that ends the text. */
export function ending(pointer = '#'): Continuation {
  return { id: -1, pointer, captures: false, resume: () => ({ threads: [], done: true }) };
}

/** Outcomes together. */
export function together(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.length === 1) return outcomes[0]!;
  return { threads: outcomes.flatMap(({ threads }) => threads), done: outcomes.some(({ done }) => done) };
}
