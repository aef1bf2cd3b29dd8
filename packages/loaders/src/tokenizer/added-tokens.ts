import { PrefixIndex } from './models/prefix-index.ts';
import type { Normalizer } from './parts/normalizers.ts';
import type { Piece } from './parts/split.ts';
import { whiteSpace, wordCodes } from './patterns/code-set.ts';

/** A token that is found in a text before the model sees it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no word character is beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before it. */
  readonly lstrip: boolean;
  /** Takes the white space after it. */
  readonly rstrip: boolean;
  /** Found in the normalized text, in its own normalized spelling. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Finds added tokens: those that are not normalized in the text as given, then the others in the normalized pieces. */
export class AddedTokens {
  readonly #asGiven: TokenFinder;
  readonly #normalized: TokenFinder;
  readonly #normalizer: Normalizer | undefined;
  readonly #languageCode: ((code: string) => number) | undefined;
  /** How a token is spelled for the decoder, where normalizing changed it. */
  readonly spellings: ReadonlyMap<number, string>;

  /** @param languageCode the id of a language code, such as `>>fra<<`, in front of a text; undefined when codes are text. */
  constructor(
    tokens: readonly AddedToken[],
    normalizer: Normalizer | undefined,
    languageCode?: (code: string) => number,
  ) {
    this.#normalizer = normalizer;
    this.#languageCode = languageCode;
    const spellings = new Map<number, string>();
    const spelled = tokens
      .filter(({ normalized }) => normalized)
      .map((token): [string, AddedToken] => {
        const spelling = normalizer === undefined ? token.content : normalizer(token.content);
        if (spelling !== token.content) spellings.set(token.id, spelling);
        return [spelling, token];
      });
    this.spellings = spellings;
    this.#normalized = new TokenFinder(spelled);
    this.#asGiven = new TokenFinder(
      tokens.filter(({ normalized }) => !normalized).map((token): [string, AddedToken] => [token.content, token]),
    );
  }

  /** The pieces of a text: added tokens with their ids, and normalized texts between them. */
  split(text: string): Piece[] {
    const pieces: Piece[] = [];
    for (const piece of this.#asGiven.split({ text, first: true })) {
      if (piece.id !== undefined) {
        pieces.push(piece);
        continue;
      }
      const code = this.#languageCode && languageCodeOf(piece.text);
      if (code !== undefined) pieces.push({ text: code, first: piece.first, id: this.#languageCode!(code) });
      const text = code === undefined ? piece.text : piece.text.slice(code.length);
      const normalized = this.#normalizer === undefined ? text : this.#normalizer(text);
      for (const inner of this.#normalized.split({ text: normalized, first: piece.first })) pieces.push(inner);
    }
    return pieces;
  }
}

/** As transformers' MarianTokenizer finds it: from '>>' at the very begin of a text to the first '<<'. */
function languageCodeOf(text: string): string | undefined {
  const end = text.startsWith('>>') ? text.indexOf('<<') : -1;
  return end < 0 ? undefined : text.slice(0, end + 2);
}

class TokenFinder {
  readonly #tokens: readonly AddedToken[];
  readonly #index: PrefixIndex | undefined;

  constructor(spelled: readonly (readonly [string, AddedToken])[]) {
    const bySpelling = new Map(spelled.filter(([spelling]) => spelling !== ''));
    this.#tokens = [...bySpelling.values()];
    this.#index =
      bySpelling.size === 0
        ? undefined
        : new PrefixIndex([...bySpelling.keys()].map((key, i): [string, number] => [key, i]));
  }

  /** The longest token at the first place where there is one, again and again. */
  split({ text, first }: Piece): Piece[] {
    if (text === '') return [];
    const index = this.#index;
    if (index === undefined) return [{ text, first }];
    const pieces: Piece[] = [];
    let taken = 0;
    for (let at = 0; at < text.length; ) {
      if (index.lacks(text.charCodeAt(at))) {
        at++;
        continue;
      }
      let stop = 0;
      let found = -1;
      index.search(text, at, (end, token) => {
        stop = end;
        found = token;
      });
      if (found < 0) {
        at++;
        continue;
      }
      const token = this.#tokens[found]!;
      let start = at;
      at = stop;
      if (token.singleWord && (endsInWord(text, start) || beginsWithWord(text, stop))) continue;
      if (token.lstrip) while (start > taken && whiteSpace.has(text.charCodeAt(start - 1))) start--;
      if (token.rstrip) while (stop < text.length && whiteSpace.has(text.charCodeAt(stop))) stop++;
      if (taken < start) pieces.push({ text: text.slice(taken, start), first: first && taken === 0 });
      pieces.push({ text: text.slice(start, stop), first: first && start === 0, id: token.id });
      taken = stop;
    }
    if (taken < text.length) pieces.push({ text: text.slice(taken), first: first && taken === 0 });
    return pieces;
  }
}

function endsInWord(text: string, end: number): boolean {
  if (end === 0) return false;
  const pair = end >= 2 ? text.codePointAt(end - 2)! : 0;
  return wordCodes.has(pair > 0xffff ? pair : text.charCodeAt(end - 1));
}

function beginsWithWord(text: string, start: number): boolean {
  return start < text.length && wordCodes.has(text.codePointAt(start)!);
}
