import { exampleCode } from '../settings.ts';

/** Example samplers by title. */
export const codeExamples: Readonly<Record<string, string>> = {
  'No letter e': exampleCode,
  'A temperature that cools down': `// The temperature falls from 1.6 to 0.3 over 40 tokens.
export default {
  name: 'cooling',
  traits: { keepsArgMax: true, narrows: true },
  onHost(logits, { position, promptLength }) {
    const done = Math.min(1, (position - promptLength) / 40);
    const t = 1.6 + (0.3 - 1.6) * done;
    for (let id = 0; id < logits.length; id++) logits[id] /= t;
  },
};
`,
  'Short words only': `// Removes tokens of more than four letters.
export default {
  name: 'short-words',
  onHost(logits) {
    for (let id = 0; id < logits.length; id++)
      if (text(id).trim().length > 4) logits[id] = -Infinity;
  },
};
`,
  'No two words with the same first letter': `// A word must not start with the same letter as the word before it.
const first = (id) => /^ ([a-z])/i.exec(text(id))?.[1]?.toLowerCase();

export default {
  name: 'alternate',
  onHost(logits, { history }) {
    let last;
    for (const id of history.tokens) last = first(id) ?? last;
    for (let id = 0; id < logits.length; id++)
      if (last !== undefined && first(id) === last) logits[id] = -Infinity;
  },
};
`,
};
