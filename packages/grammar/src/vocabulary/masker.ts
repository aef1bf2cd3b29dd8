import { GrammarLimitError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Continuation, Machine, MachineState, Thread } from '../machine/machine.ts';
import type { TokenTrie } from './token-trie.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Masks of threads that are kept: one has a bit per token. */
const keptMasks = 64;
/** What is kept of parts, in 32-bit words. */
const keptWords = 1 << 19;
/** Nodes of the prefix tree that may be visited for one mask. */
const visitLimit = 20_000_000;

/** The tokens that stay inside a part, and the nodes at which the part can end. */
interface Inside {
  /** Bits, to be copied first. */
  readonly plain: Uint32Array | undefined;
  /** Bits, when they are many. */
  readonly bits: Uint32Array | undefined;
  readonly ids: Int32Array;
  readonly trie: TokenTrie;
  readonly exits: Int32Array;
  readonly words: number;
}

/** What is found for JSON strings, by vocabulary. */
const commonInsides = new WeakMap<Vocabulary, Map<string, Inside>>();
/** How many lengths of strings are kept for a vocabulary. */
const keptCommon = 400;

/** Finds the tokens that continue a text, for one machine and one vocabulary. */
export class Masker {
  readonly #machine: Machine;
  readonly #vocabulary: Vocabulary;
  readonly #insides: Map<string | number, Inside> = new Map();
  #insideWords = 0;
  readonly #masks: Map<number, Uint32Array> = new Map();
  readonly #paths: Expression[][] = [];
  #visits = 0;

  constructor(machine: Machine, vocabulary: Vocabulary) {
    this.#machine = machine;
    this.#vocabulary = vocabulary;
  }

  /** Bits of the tokens after which the text can still be completed, [ceil(V / 32)]. The caller may write to it. */
  mask(state: MachineState): Uint32Array {
    const result = new Uint32Array(Math.ceil(this.#vocabulary.size / 32));
    this.#machine.startWork();
    this.#visits = 0;
    state.threads.forEach((thread, index) => {
      if (state.threads.length === 1) {
        result.set(this.#maskOf(thread));
        return;
      }
      const bits = this.#maskOf(thread);
      if (index === 0) result.set(bits);
      else for (let i = 0; i < bits.length; i++) result[i]! |= bits[i]!;
    });
    return result;
  }

  /** Bytes that are kept, for measurements. */
  get bytes(): number {
    return this.#insideWords * 4 + (this.#masks.size * this.#vocabulary.size) / 8;
  }

  #maskOf(thread: Thread): Uint32Array {
    const known = this.#masks.get(thread.id);
    if (known !== undefined) {
      this.#masks.delete(thread.id);
      this.#masks.set(thread.id, known);
      return known;
    }
    const bits = this.#compute(thread);
    this.#masks.set(thread.id, bits);
    if (this.#masks.size > keptMasks) this.#masks.delete(this.#masks.keys().next().value!);
    return bits;
  }

  #compute({ at, then, captured }: Thread): Uint32Array {
    const inside = this.#inside(at);
    const { plain, bits, ids, trie, exits } = inside;
    const result = plain === undefined ? new Uint32Array(Math.ceil(this.#vocabulary.size / 32)) : plain.slice();
    if (bits !== undefined) for (let i = 0; i < bits.length; i++) result[i]! |= bits[i]!;
    for (const id of ids) result[id >>> 5]! |= 1 << (id & 31);
    for (let i = 0; i < exits.length; i += 2) this.#leave(trie, exits[i]!, exits[i + 1]!, then, captured, 0, result, 1);
    return result;
  }

  /** The part ended at `node` with `tag`: find the tokens that continue from there. */
  #leave(
    trie: TokenTrie,
    node: number,
    tag: number,
    then: Continuation,
    captured: string,
    from: number,
    result: Uint32Array,
    level: number,
  ): void {
    const outcome = then.resume(tag, then.captures ? captured + pathOf(trie, node, from) : '');
    if (outcome.threads.length === 0 && !outcome.done) return;
    for (let id = trie.token[node]!; id >= 0; id = trie.same[id]!) result[id >>> 5]! |= 1 << (id & 31);
    if (trie.end[node]! > node + 1) for (const thread of outcome.threads) this.#walk(trie, node, thread, result, level);
  }

  /** Mark the tokens below `node` that a thread can read. */
  #walk(trie: TokenTrie, node: number, thread: Thread, result: Uint32Array, level: number): void {
    const { make } = this.#machine;
    const { byte, depth, end, token, same } = trie;
    const none = make.none;
    this.#paths[level] ??= [];
    const path = this.#paths[level]!;
    path[depth[node]!] = thread.at;
    for (let i = node + 1; i < end[node]!; ) {
      const at = path[depth[i]! - 1]!;
      const next = (at.next ?? make.expand(at))[at.classOf[byte[i]!]!]!;
      if (next === none) {
        i = end[i]!;
        continue;
      }
      path[depth[i]!] = next;
      if (++this.#visits > visitLimit) throw new GrammarLimitError('ways to read a token', visitLimit);
      if (token[i]! >= 0 && this.#machine.isOpen(next))
        for (let id = token[i]!; id >= 0; id = same[id]!) result[id >>> 5]! |= 1 << (id & 31);
      if (next.nullable)
        for (const tag of make.tagsOf(next))
          this.#leave(trie, i, tag, thread.then, thread.captured, depth[node]!, result, level + 1);
      i++;
    }
  }

  #inside(at: Expression): Inside {
    const bound = this.#plainBound(at);
    const common = bound > 0 ? this.#commonKey(at) : undefined;
    if (common !== undefined) {
      const insides = commonInsides.get(this.#vocabulary) ?? new Map<string, Inside>();
      commonInsides.set(this.#vocabulary, insides);
      let inside = insides.get(common);
      if (inside === undefined) {
        inside = this.#find(at, bound);
        if (insides.size < keptCommon) insides.set(common, inside);
      }
      return inside;
    }
    const key = this.#insideKey(at, bound);
    const known = this.#insides.get(key);
    if (known !== undefined) {
      this.#insides.delete(key);
      this.#insides.set(key, known);
      return known;
    }
    const inside = this.#find(at, bound);
    this.#insides.set(key, inside);
    this.#insideWords += inside.words;
    while (this.#insideWords > keptWords && this.#insides.size > 1) {
      const [oldest, { words }] = this.#insides.entries().next().value!;
      this.#insides.delete(oldest);
      this.#insideWords -= words;
    }
    return inside;
  }

  #find(at: Expression, bound: number): Inside {
    const { make } = this.#machine;
    const plain = bound > 0 ? this.#vocabulary.plain(bound) : undefined;
    const trie = plain === undefined ? this.#vocabulary.trie : this.#vocabulary.rest;
    const { byte, depth, end, token, same } = trie;
    const none = make.none;
    const ids: number[] = [];
    const exits: number[] = [];
    const path: Expression[] = [at];
    for (let i = 1; i < trie.size; ) {
      const current = path[depth[i]! - 1]!;
      const next = (current.next ?? make.expand(current))[current.classOf[byte[i]!]!]!;
      if (next === none) {
        i = end[i]!;
        continue;
      }
      path[depth[i]!] = next;
      if (token[i]! >= 0 && this.#machine.isOpen(next)) for (let id = token[i]!; id >= 0; id = same[id]!) ids.push(id);
      if (next.nullable) for (const tag of make.tagsOf(next)) exits.push(i, tag);
      i++;
    }
    const words = Math.ceil(this.#vocabulary.size / 32);
    let bits: Uint32Array | undefined;
    if (ids.length > words) {
      bits = new Uint32Array(words);
      for (const id of ids) bits[id >>> 5]! |= 1 << (id & 31);
    }
    const list = bits === undefined ? Int32Array.from(ids) : new Int32Array();
    return {
      plain,
      bits,
      ids: list,
      trie,
      exits: Int32Array.from(exits),
      words: list.length + exits.length + (bits?.length ?? 0) + 16,
    };
  }

  /** Parts that differ only in a count that no token reaches share what is found. */
  #insideKey(at: Expression, bound: number): string | number {
    if (bound <= 0 || at.kind !== 'concat' || at.parts[0]!.kind !== 'repeat') return at.id;
    const [repeat, rest] = at.parts as [Expression, Expression];
    // No token holds more characters than bytes, and an escape of one character has at least two.
    const most = this.#longest;
    return `${repeat.parts[0]!.id},${Math.min(repeat.min!, most)},${Math.min(repeat.max!, most)},${rest.id}`;
  }

  /** A name for the rest of a JSON string value, which all machines have in common. */
  #commonKey(at: Expression): string | undefined {
    if (at.kind !== 'concat' || at.parts[0]!.kind !== 'repeat') return undefined;
    const [repeat, rest] = at.parts as [Expression, Expression];
    const { fullChar, quote } = this.#machine.text;
    if (repeat.parts[0] !== fullChar || rest !== this.#machine.make.concat(quote, this.#machine.make.tag(0)))
      return undefined;
    const most = this.#longest;
    return `${Math.min(repeat.min!, most)},${Math.min(repeat.max!, most)}`;
  }

  /** A count of characters that no token reaches. */
  get #longest(): number {
    return this.#vocabulary.longest + 1;
  }

  /** How many characters of any plain token the part takes here: 0 when that is not known, Infinity for all. */
  #plainBound(at: Expression): number {
    if (at.kind === 'concat') {
      const [first, rest] = at.parts as [Expression, Expression];
      if (first.kind === 'repeat' && this.#machine.units.has(first.parts[0]!))
        return this.#isSpecial(rest) ? first.max! : 0;
    }
    return this.#takesAll(at) ? Number.POSITIVE_INFINITY : 0;
  }

  readonly #taking: WeakMap<Expression, boolean> = new WeakMap();

  #takesAll(at: Expression): boolean {
    let result = this.#taking.get(at);
    if (result === undefined) {
      result = false;
      if (at.kind === 'concat') {
        const [first, rest] = at.parts as [Expression, Expression];
        if (first.kind === 'repeat')
          result =
            this.#machine.units.has(first.parts[0]!) && first.max === Number.POSITIVE_INFINITY && this.#isSpecial(rest);
        else result = this.#takesAll(first);
      } else if (at.kind === 'or') result = at.parts.some((part) => this.#takesAll(part));
      else if (at.kind === 'and')
        result = at.parts.every((part) => this.#takesAll(part) || (part.kind === 'not' && part.parts[0]!.finite));
      this.#taking.set(at, result);
    }
    return result;
  }

  /** True when the text starts with a byte that no plain token has. */
  #isSpecial(rest: Expression): boolean {
    if (rest.kind === 'concat' && !rest.parts[0]!.nullable) return this.#isSpecial(rest.parts[0]!);
    return rest.kind === 'switch' && [...rest.cases!.keys()].every((byte) => byte === 0x22 || byte === 0x5c);
  }
}

/** The bytes of a node's path after the first `from`, one per character. */
function pathOf(trie: TokenTrie, node: number, from: number): string {
  let text = '';
  for (let at = node; trie.depth[at]! > from; at = trie.parent[at]!) text = String.fromCharCode(trie.byte[at]!) + text;
  return text;
}
