import { exampleCode } from '../settings.ts';

/** Samplers to begin from, by what they do. */
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
  'Every word another letter': `// A word may not begin with the letter of the word before.
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
