/** Letters by their title-case form, for those where it is not the upper-case form: 'ǆ' is 'ǅ' in a title. */
let titles: ReadonlyMap<string, string> | undefined;

function titleLetters(): ReadonlyMap<string, string> {
  if (titles === undefined) {
    const found = new Map<string, string>();
    // The range of the category Lt.
    for (let code = 0x1c5; code <= 0x1ffc; code++) {
      const letter = String.fromCharCode(code);
      if (!/\p{Lt}/u.test(letter)) continue;
      found.set(letter, letter);
      found.set(letter.toLowerCase(), letter);
      if (letter.toUpperCase().length === 1) found.set(letter.toUpperCase(), letter);
    }
    titles = found;
  }
  return titles;
}

/** One character as at the start of a title. */
function toTitle(character: string): string {
  // Georgian has capitals for whole words only.
  if (/[\u10d0-\u10ff]/.test(character)) return character;
  const known = titleLetters().get(character);
  if (known !== undefined) return known;
  const upper = character.toUpperCase();
  // Greek with an iota below, which becomes a letter only in upper case.
  if (upper.length > 1 && /[\u1f80-\u1fff]/.test(character) && upper.endsWith('\u0399'))
    return `${upper.slice(0, -1)}\u0345`;
  const [first = '', ...rest] = upper;
  // 'ŉ' is an apostrophe and a letter.
  return first + (first === '\u02bc' ? rest.join('') : rest.join('').toLowerCase());
}

/** Python's `str.capitalize`. */
export function capitalize(text: string): string {
  const [first] = text;
  return first === undefined ? '' : toTitle(first) + lowerAfter(first, text.slice(first.length));
}

/** Lower case after another letter, which decides about a sigma at the end of a word. */
function lowerAfter(before: string, text: string): string {
  return (before + text).toLowerCase().slice(before.toLowerCase().length);
}

const casedLetters = /\p{Cased}/u;

/** Python's `str.title`: a capital after each character that has no case. */
export function title(text: string): string {
  let result = '';
  let word = '';
  const end = (): void => {
    result += word === '' ? '' : capitalize(word);
    word = '';
  };
  for (const character of text) {
    if (casedLetters.test(character)) word += character;
    else {
      end();
      result += character;
    }
  }
  end();
  return result;
}

/** Python's `str.swapcase`. */
export function swapCase(text: string): string {
  let result = '';
  let before = '';
  for (const character of text) {
    // A sigma depends on what is around it.
    if (character === 'Σ') result += text.toLowerCase()[before.toLowerCase().length]!;
    else if (/\p{Uppercase}/u.test(character)) result += character.toLowerCase();
    else result += /\p{Lowercase}/u.test(character) ? character.toUpperCase() : character;
    before += character;
  }
  return result;
}

/** Python's `str.islower` and `str.isupper`: all letters with case have this one, and there is one. */
export function isLower(text: string): boolean {
  return casedLetters.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

export function isUpper(text: string): boolean {
  return casedLetters.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

/** Python's `str.istitle`: capitals only at the start of a word, and other letters with case only within one. */
export function isTitle(text: string): boolean {
  let inWord = false;
  for (const character of text) {
    if (/[\p{Uppercase}\p{Lt}]/u.test(character)) {
      if (inWord) return false;
      inWord = true;
    } else if (/\p{Lowercase}/u.test(character)) {
      if (!inWord) return false;
    } else inWord = false;
  }
  return /[\p{Uppercase}\p{Lt}]/u.test(text);
}

/** Python's `str.casefold`: texts as they are compared without case, where 'ß' is 'ss'. */
export function foldCase(text: string): string {
  return Array.from(text, (character) => {
    if (character === 'ı') return character;
    // Cherokee folds to capitals.
    if (/\p{Script=Cherokee}/u.test(character)) return character.toUpperCase();
    return Array.from(character.toUpperCase(), (upper) => (upper === 'ẞ' ? 'ss' : upper.toLowerCase())).join('');
  }).join('');
}
