/**
 * The known name that a wrong one was probably meant to be: one that it begins, or one that differs by a few typing errors.
 * Undefined when none is near, because wrong advice is worse than none.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  // A name that starts with the word is more likely than a similar name.
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(name.toLowerCase()));
  if (name.length >= 3 && begun.length > 0) return begun[0];
  // 'beams' for 'numBeams'.
  const ended = known.find((candidate) => candidate.toLowerCase().endsWith(name.toLowerCase()));
  if (name.length >= 4 && ended !== undefined) return ended;
  // 'top_p' of a sampler whose option is 'p'.
  const last = name.split(/[_-]/).at(-1)!.toLowerCase();
  const ending = /[_-]/.test(name) ? known.find((candidate) => candidate.toLowerCase() === last) : undefined;
  if (ending !== undefined && last !== '') return ending;
  const letters = plain(name);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const others = plain(candidate);
    const longer = Math.max(letters.length, others.length);
    // One error in three letters, but never all of them: 'x' is not meant to be 'k'.
    const limit = Math.min(Math.max(1, Math.floor(longer / 3)), letters.length - 1, others.length - 1);
    if (Math.abs(letters.length - others.length) > limit) continue;
    const distance = typingErrors(letters, others);
    if (distance > limit || distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** How names are compared: case and punctuation aside. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Letters to add, to leave out, to replace, or neighbors to swap (optimal string alignment). */
function typingErrors(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let errors = Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        errors = Math.min(errors, before[j - 2]! + 1);
      current.push(errors);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]!;
}
