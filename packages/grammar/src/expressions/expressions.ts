import { GrammarLimitError } from '../errors.ts';
import type { ByteMachine, ByteSet, Expression } from './expression.ts';
import { hasByte } from './expression.ts';
import { type Partition, Partitions } from './partitions.ts';

/** How many expressions one grammar may make when it is compiled, and later at a time. */
const expressionLimit = 100_000;
/** How many expressions a search for an empty language may visit. */
const searchLimit = 20_000;
/** How many derivatives may be computed and looked at, when a grammar is compiled, and later at a time. */
const workLimit = 1_000_000;
/** Shared expressions have smaller ids. */
const firstOwnId = 1 << 20;

/**
 * Makes expressions, their derivatives (Brzozowski 1964) and what follows from them. Each grammar has one of its own.
 *
 * Source of the method: Owens, Reppy and Turon, Regular-expression derivatives re-examined, 2009.
 */
export class Expressions {
  readonly none: Expression;
  readonly empty: Expression;
  #byKey: Map<string, Expression> = new Map();
  /** What `keep` keeps. */
  #keptByKey: Map<string, Expression> = new Map();
  #derivatives: Map<number, Expression> = new Map();
  #expanded: Expression[] = [];
  #partitions: Partitions = new Partitions();
  readonly #machines: Map<string, number> = new Map();
  readonly #base: Expressions | undefined;
  #count = 0;
  #work = 0;

  /** @param base expressions that this grammar shares with others. What follows from them is found once. */
  constructor(base?: Expressions) {
    this.#base = base;
    if (base !== undefined) this.#count = firstOwnId;
    this.none = base?.none ?? this.#make('none', 'none', { nullable: false, finite: true });
    this.empty = base?.empty ?? this.#make('empty', 'empty', { nullable: true, finite: true });
    this.none.isVoid = true;
    this.none.next = [this.none];
  }

  /** How many expressions and derivatives `forget` would drop. */
  get size(): number {
    return this.#byKey.size + this.#derivatives.size;
  }

  /** How many expressions are kept for good. */
  get keptSize(): number {
    return this.#keptByKey.size;
  }

  /** Keep what was made so far for good: what the grammar itself consists of. */
  keep(): void {
    this.#keptByKey = this.#byKey;
    this.#byKey = new Map();
    this.forget();
  }

  /** Drop what was made since `keep`. An expression that someone holds still works, and what follows from it is found again. */
  forget(): void {
    this.#byKey = new Map();
    this.#derivatives = new Map();
    for (const one of this.#expanded) one.next = undefined;
    this.#expanded = [];
    this.#partitions = new Partitions();
    this.#partitionOf = new Map();
  }

  /** Count the work from zero. */
  startWork(): void {
    this.#work = 0;
  }

  #spend(work = 1): void {
    this.#work += work;
    if (this.#work > workLimit) throw new GrammarLimitError('derivatives to look at', workLimit);
  }

  #isShared(of: Expression): boolean {
    return this.#base !== undefined && of.id < firstOwnId;
  }

  bytes(set: ByteSet): Expression {
    if (set.every((word) => word === 0)) return this.none;
    return this.#make('bytes', `b${set.join(',')}`, { nullable: false, finite: true, set });
  }

  /** The given rest after each first byte. */
  switch(cases: ReadonlyMap<number, Expression>): Expression {
    const kept = [...cases].filter(([, rest]) => rest !== this.none).sort(([a], [b]) => a - b);
    if (kept.length === 0) return this.none;
    const rests = kept.map(([, rest]) => rest);
    return this.#make('switch', `s${kept.map(([byte, rest]) => `${byte}>${rest.id}`).join(',')}`, {
      nullable: false,
      finite: rests.every(({ finite }) => finite),
      hard: rests.some(({ hard }) => hard),
      cases: new Map(kept),
    });
  }

  /** The bytes of one text, followed by `rest`. */
  literal(bytes: Uint8Array, rest: Expression = this.empty): Expression {
    let result = rest;
    for (let i = bytes.length - 1; i >= 0; i--) result = this.switch(new Map([[bytes[i]!, result]]));
    return result;
  }

  /** Any of many texts, as a prefix tree. */
  literals(texts: readonly Uint8Array[], restOf: (index: number) => Expression = () => this.empty): Expression {
    const build = (indices: readonly number[], depth: number): Expression => {
      if (indices.length === 1) return this.literal(texts[indices[0]!]!.subarray(depth), restOf(indices[0]!));
      const groups = new Map<number, number[]>();
      const ended: Expression[] = [];
      for (const index of indices) {
        const byte = texts[index]![depth];
        if (byte === undefined) ended.push(restOf(index));
        else {
          const group = groups.get(byte);
          if (group === undefined) groups.set(byte, [index]);
          else group.push(index);
        }
      }
      const cases = new Map([...groups].map(([byte, group]) => [byte, build(group, depth + 1)] as const));
      return this.or([this.switch(cases), ...ended]);
    };
    return texts.length === 0 ? this.none : build([...texts.keys()], 0);
  }

  concat(...parts: readonly Expression[]): Expression {
    let result = this.empty;
    for (let i = parts.length - 1; i >= 0; i--) result = this.#pair(parts[i]!, result);
    return result;
  }

  #pair(first: Expression, rest: Expression): Expression {
    if (first === this.none || rest === this.none) return this.none;
    if (first === this.empty) return rest;
    if (rest === this.empty) return first;
    if (first.kind === 'concat') return this.#pair(first.parts[0]!, this.#pair(first.parts[1]!, rest));
    return this.#make('concat', `c${first.id},${rest.id}`, {
      nullable: first.nullable && rest.nullable,
      finite: first.finite && rest.finite,
      hard: first.hard || rest.hard,
      parts: [first, rest],
    });
  }

  or(given: readonly Expression[]): Expression {
    const parts = new Set<Expression>();
    let set: Uint32Array | undefined;
    let cases: Map<number, Expression[]> | undefined;
    const add = (part: Expression): void => {
      if (part.kind === 'none') return;
      if (part.kind === 'or') part.parts.forEach(add);
      else if (part.kind === 'bytes') {
        set ??= new Uint32Array(8);
        for (let i = 0; i < 8; i++) set[i]! |= part.set![i]!;
      } else if (part.kind === 'switch') {
        cases ??= new Map();
        for (const [byte, rest] of part.cases!) {
          const list = cases.get(byte);
          if (list === undefined) cases.set(byte, [rest]);
          else list.push(rest);
        }
      } else parts.add(part);
    };
    given.forEach(add);
    if (set !== undefined) parts.add(this.bytes(set));
    if (cases !== undefined)
      parts.add(
        this.switch(
          new Map(Array.from(cases, ([byte, list]) => [byte, list.length === 1 ? list[0]! : this.or(list)] as const)),
        ),
      );
    parts.delete(this.none);
    if (parts.size === 0) return this.none;
    for (const part of parts) if (part.kind === 'not' && part.parts[0] === this.none) return part;
    const list = [...parts].sort((a, b) => a.id - b.id);
    if (list.length === 1) return list[0]!;
    return this.#make('or', `o${list.map(({ id }) => id).join(',')}`, {
      nullable: list.some(({ nullable }) => nullable),
      finite: list.every(({ finite }) => finite),
      hard: list.some(({ hard }) => hard),
      parts: list,
    });
  }

  and(given: readonly Expression[]): Expression {
    const parts = new Set<Expression>();
    const add = (part: Expression): void => {
      if (part.kind === 'and') part.parts.forEach(add);
      else if (part !== this.anything) parts.add(part);
    };
    given.forEach(add);
    if (parts.has(this.none)) return this.none;
    for (const part of parts) if (part.kind === 'not' && parts.has(part.parts[0]!)) return this.none;
    const list = [...parts].sort((a, b) => a.id - b.id);
    if (list.length === 0) return this.anything;
    if (list.length === 1) return list[0]!;
    if (list.every(({ kind }) => kind === 'bytes')) {
      const set = Uint32Array.from(list[0]!.set!);
      for (const part of list) for (let i = 0; i < 8; i++) set[i]! &= part.set![i]!;
      return this.bytes(set);
    }
    if (parts.has(this.empty)) return list.every(({ nullable }) => nullable) ? this.empty : this.none;
    return this.#make('and', `a${list.map(({ id }) => id).join(',')}`, {
      nullable: list.every(({ nullable }) => nullable),
      finite: list.some(({ finite }) => finite),
      hard: true,
      parts: list,
    });
  }

  not(part: Expression): Expression {
    if (part.kind === 'not') return part.parts[0]!;
    return this.#make('not', `n${part.id}`, { nullable: !part.nullable, finite: false, hard: true, parts: [part] });
  }

  /** All texts of bytes. */
  get anything(): Expression {
    return this.not(this.none);
  }

  repeat(part: Expression, min: number, max: number): Expression {
    if (max === 0) return this.empty;
    if (part === this.none) return min === 0 ? this.empty : this.none;
    if (part === this.empty) return this.empty;
    if (part.nullable && min > 0) return this.repeat(part, 0, max);
    if (min === 1 && max === 1) return part;
    if (part.kind === 'repeat' && part.min === 0 && part.max === Number.POSITIVE_INFINITY) return part;
    return this.#make('repeat', `r${part.id},${min},${max}`, {
      nullable: min === 0,
      finite: part.finite && max < Number.POSITIVE_INFINITY,
      hard: part.hard,
      parts: [part],
      min,
      max,
    });
  }

  /** The empty text, marked: a reader that reaches it knows which alternative it read. */
  tag(tag: number): Expression {
    return this.#make('tag', `t${tag}`, { nullable: true, finite: true, tag });
  }

  custom(machine: ByteMachine, state: number = machine.start): Expression {
    if (state < 0) return this.none;
    let number = this.#machines.get(machine.key);
    if (number === undefined) {
      number = this.#machines.size;
      this.#machines.set(machine.key, number);
    }
    return this.#make('custom', `m${number},${state}`, {
      nullable: machine.accepts(state),
      finite: false,
      hard: true,
      machine,
      state,
    });
  }

  /** What may follow `byte`. */
  derivative(of: Expression, byte: number): Expression {
    switch (of.kind) {
      case 'none':
      case 'empty':
      case 'tag':
        return this.none;
      case 'bytes':
        return hasByte(of.set!, byte) ? this.empty : this.none;
      case 'switch':
        return of.cases!.get(byte) ?? this.none;
      case 'custom':
        return this.custom(of.machine!, of.machine!.next(of.state!, byte));
    }
    if (this.#isShared(of)) return this.#base!.derivative(of, byte);
    const key = of.id * 256 + byte;
    let result = this.#derivatives.get(key);
    if (result === undefined) {
      result = this.#computed(of, byte);
      this.#derivatives.set(key, result);
    }
    return result;
  }

  #computed(of: Expression, byte: number): Expression {
    this.#spend(1 + of.parts.length);
    const [first, rest] = of.parts;
    switch (of.kind) {
      case 'concat': {
        const after = this.#pair(this.derivative(first!, byte), rest!);
        return first!.nullable ? this.or([after, this.derivative(rest!, byte)]) : after;
      }
      case 'or':
        return this.or(of.parts.map((part) => this.derivative(part, byte)));
      case 'and': {
        const parts: Expression[] = [];
        for (const part of of.parts) {
          const next = this.derivative(part, byte);
          if (next === this.none) return this.none;
          parts.push(next);
        }
        return this.and(parts);
      }
      case 'not':
        return this.not(this.derivative(first!, byte));
      case 'repeat':
        return this.#pair(this.derivative(first!, byte), this.repeat(first!, Math.max(0, of.min! - 1), of.max! - 1));
      default:
        return this.none;
    }
  }

  /** Fill in `next` and `classOf`. */
  expand(of: Expression): readonly Expression[] {
    if (of.next !== undefined) return of.next;
    if (this.#isShared(of)) return this.#base!.expand(of);
    const { classOf, examples } = this.#partitions.get(this.#partition(of));
    const next = examples.map((byte) => {
      const after = this.derivative(of, byte);
      return this.isVoid(after) ? this.none : after;
    });
    of.classOf = classOf;
    of.next = next;
    this.#expanded.push(of);
    return next;
  }

  /** The expression after `byte`; `none` when nothing can follow. */
  step(of: Expression, byte: number): Expression {
    const next = of.next ?? this.expand(of);
    return next[of.classOf[byte]!]!;
  }

  /** The expression after all bytes. */
  after(of: Expression, bytes: Uint8Array): Expression {
    let at = of;
    for (const byte of bytes) at = this.step(at, byte);
    return at;
  }

  /** True when the text is in the language. */
  matches(of: Expression, bytes: Uint8Array): boolean {
    return this.after(of, bytes).nullable;
  }

  /** The tags of the alternatives that end here. */
  tagsOf(of: Expression): readonly number[] {
    if (of.tags !== undefined) return of.tags;
    let tags: readonly number[] = [];
    if (of.kind === 'tag') tags = [of.tag!];
    else if (of.kind === 'or') tags = [...new Set(of.parts.flatMap((part) => this.tagsOf(part)))];
    else if (of.kind === 'concat' && of.parts[0]!.nullable) tags = this.tagsOf(of.parts[1]!);
    of.tags = tags;
    return tags;
  }

  /** True when no text is in the language. */
  isVoid(of: Expression): boolean {
    if (!of.hard) return of === this.none;
    if (this.#isShared(of)) return this.#base!.isVoid(of);
    of.isVoid ??= this.#findVoid(of);
    return of.isVoid;
  }

  #findVoid(of: Expression): boolean {
    const [first, rest] = of.parts;
    if (of.nullable) return false;
    if (of.kind === 'concat') return this.isVoid(first!) || this.isVoid(rest!);
    if (of.kind === 'or') return of.parts.every((part) => this.isVoid(part));
    if (of.kind === 'repeat') return this.isVoid(first!);
    if (of.kind === 'switch') return [...of.cases!.values()].every((part) => this.isVoid(part));
    // Breadth first, until an expression that is not empty.
    const seen = new Map<Expression, Expression | undefined>([[of, undefined]]);
    for (const at of seen.keys()) {
      const { examples } = this.#partitions.get(this.#partition(at));
      this.#spend(examples.length);
      for (const byte of examples) {
        const after = this.derivative(at, byte);
        if (after.isVoid === true || after === this.none || seen.has(after)) continue;
        if (after.nullable || after.isVoid === false || !after.hard) {
          for (let back: Expression | undefined = at; back !== undefined; back = seen.get(back)) back.isVoid = false;
          return false;
        }
        seen.set(after, at);
        if (seen.size > searchLimit) throw new GrammarLimitError('states in one pattern', searchLimit);
      }
    }
    for (const at of seen.keys()) at.isVoid = true;
    return true;
  }

  #partitionOf: Map<Expression, number> = new Map();

  #partition(of: Expression): number {
    let result = this.#partitionOf.get(of);
    if (result === undefined) {
      result = this.#isShared(of) ? this.#partitions.add(this.#base!.partitionOf(of)) : this.#computePartition(of);
      this.#partitionOf.set(of, result);
    }
    return result;
  }

  /** The classes of bytes that have the same derivative. */
  partitionOf(of: Expression): Partition {
    return this.#partitions.get(this.#partition(of));
  }

  #computePartition(of: Expression): number {
    const partitions = this.#partitions;
    switch (of.kind) {
      case 'bytes':
        return partitions.ofSet(of.set!);
      case 'switch':
        return partitions.ofBytes([...of.cases!.keys()]);
      case 'custom':
        return partitions.ofClasses(of.machine!.classOf);
      case 'concat': {
        const first = this.#partition(of.parts[0]!);
        return of.parts[0]!.nullable ? partitions.product(first, this.#partition(of.parts[1]!)) : first;
      }
      case 'or':
      case 'and':
      case 'not':
      case 'repeat':
        return of.parts.map((part) => this.#partition(part)).reduce((a, b) => partitions.product(a, b));
      default:
        return 0;
    }
  }

  /** The expression with this key, if it was made. */
  known(key: string): Expression | undefined {
    return this.#keptByKey.get(key) ?? this.#byKey.get(key);
  }

  #make(kind: Expression['kind'], key: string, fields: Partial<Expression>): Expression {
    const known = this.#base?.known(key) ?? this.known(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= expressionLimit) throw new GrammarLimitError('states', expressionLimit);
    const made: Expression = {
      id: this.#count++,
      kind,
      nullable: false,
      hard: false,
      finite: false,
      parts: [],
      classOf: this.#partitions.whole,
      next: undefined,
      tags: undefined,
      isVoid: undefined,
      ...fields,
    };
    this.#byKey.set(key, made);
    return made;
  }
}
