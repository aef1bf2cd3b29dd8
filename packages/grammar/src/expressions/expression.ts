/**
 * A regular language over bytes, as an expression. Expressions are made by `Expressions` only, which gives equal
 * expressions the same object.
 */
export interface Expression {
  readonly id: number;
  readonly kind: 'none' | 'empty' | 'bytes' | 'switch' | 'concat' | 'or' | 'and' | 'not' | 'repeat' | 'tag' | 'custom';
  /** True when the empty text is in the language. */
  readonly nullable: boolean;
  /** True when only a search can tell whether the language is empty. */
  readonly hard: boolean;
  /** True when the language is known to be finite. */
  readonly finite: boolean;
  /** Operands, in order. */
  readonly parts: readonly Expression[];
  /** Of 'bytes'. */
  readonly set?: ByteSet;
  /** Of 'switch': the rest by first byte. */
  readonly cases?: ReadonlyMap<number, Expression>;
  /** Of 'repeat'. */
  readonly min?: number;
  /** Of 'repeat'; may be Infinity. */
  readonly max?: number;
  /** Of 'tag': the empty text, marked. */
  readonly tag?: number;
  /** Of 'custom'. */
  readonly machine?: ByteMachine;
  /** Of 'custom'. */
  readonly state?: number;
  /** The class of each byte: bytes of one class have the same derivative. Set by `Expressions.expand`. */
  classOf: Uint8Array;
  /** The derivative by class, when expanded. An empty language is always `none`. */
  next: readonly Expression[] | undefined;
  /** The tags of the empty text, when computed. */
  tags: readonly number[] | undefined;
  /** Whether the language is empty, when computed. */
  isVoid: boolean | undefined;
}

/** 256 bits. */
export type ByteSet = Uint32Array;

/** A deterministic automaton over bytes with numbered states. */
export interface ByteMachine {
  /** Equal keys mean equal machines. */
  readonly key: string;
  readonly start: number;
  /** The class of each byte. */
  readonly classOf: Uint8Array;
  /** The next state, or -1. */
  next(state: number, byte: number): number;
  accepts(state: number): boolean;
}

export function byteSet(...ranges: readonly (readonly [from: number, to: number])[]): ByteSet {
  const set = new Uint32Array(8);
  for (const [from, to] of ranges) for (let byte = from; byte <= to; byte++) set[byte >>> 5]! |= 1 << (byte & 31);
  return set;
}

export function hasByte(set: ByteSet, byte: number): boolean {
  return ((set[byte >>> 5]! >>> (byte & 31)) & 1) === 1;
}
