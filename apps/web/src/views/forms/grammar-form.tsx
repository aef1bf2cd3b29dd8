import { useRef } from 'preact/hooks';
import { presetsOf } from '../../grammar/presets.ts';
import { linesOf, type SourceLines } from '../../grammar/source-lines.ts';
import type { Failure } from '../../protocol.ts';
import type { GrammarKind, GrammarSettings } from '../../settings.ts';
import { change, reports, settings } from '../../state/store.ts';

const kinds: readonly [GrammarKind, string, string][] = [
  ['schema', 'JSON Schema', 'JSON that conforms to this schema, 2020-12 or draft 4 to 7.'],
  ['regex', 'Pattern', 'The whole text matches this regular expression, in JavaScript’s syntax.'],
  ['gbnf', 'GBNF', 'A text of this grammar, in llama.cpp’s notation. It begins with the rule root.'],
];

/** What was written for each kind, so that a look at another kind loses nothing. */
const written = new Map<GrammarKind, string>();

function set(part: Partial<GrammarSettings>): void {
  change({ grammar: { ...settings.value.grammar, ...part } });
}

function choose(kind: GrammarKind): void {
  const { grammar } = settings.value;
  written.set(grammar.kind, grammar.text);
  const text = kind === grammar.kind ? grammar.text : (written.get(kind) ?? presetsOf(kind)[0]!.text);
  set({ on: true, kind, text });
}

/** Kind and text of the grammar, with its errors. `at`: the place of the text that is written. */
export function GrammarForm({ at }: { at: string | undefined }) {
  const { grammar } = settings.value;
  const { on, kind, whitespace } = grammar;
  return (
    <div class="grammar-form">
      <div class="segments" role="radiogroup" aria-label="Grammar">
        <label>
          <input type="radio" name="grammar" checked={!on} onChange={() => set({ on: false })} />
          <span>Off</span>
        </label>
        {kinds.map(([name, title]) => (
          <label key={name}>
            <input type="radio" name="grammar" checked={on && kind === name} onChange={() => choose(name)} />
            <span>{title}</span>
          </label>
        ))}
      </div>
      <div class="grammar-options">
        <select
          aria-label="Grammars to start from"
          value=""
          onChange={(event) => {
            set({ on: true, text: presetsOf(kind)[Number(event.currentTarget.value)]!.text });
            event.currentTarget.value = '';
          }}
        >
          <option value="" disabled>
            Start from
          </option>
          {presetsOf(kind).map(({ title }, index) => (
            <option key={title} value={index}>
              {title}
            </option>
          ))}
        </select>
        {kind === 'schema' && (
          <label class="check">
            <input
              type="checkbox"
              checked={whitespace}
              onChange={(event) => set({ whitespace: event.currentTarget.checked })}
            />
            White space
          </label>
        )}
      </div>
      <Editor grammar={grammar} at={at} />
    </div>
  );
}

/** The text, with the line of an error, or of the place that the text has reached. */
function Editor({ grammar, at }: { grammar: GrammarSettings; at: string | undefined }) {
  const gutter = useRef<HTMLPreElement>(null);
  const { on, kind, text } = grammar;
  const [, title, help] = kinds.find(([name]) => name === kind)!;
  const report = on ? reports.value?.grammar : undefined;
  const problem = report?.problem;
  const lines = text.split('\n');
  const wrong = problem && linesOfProblem(problem, grammar);
  const reached = problem === undefined && on && at !== undefined ? linesOf(kind, text, at) : undefined;
  // The whole text as the place says nothing.
  const here = reached !== undefined && reached.to - reached.from < lines.length - 1 ? reached : undefined;
  const within = (place: SourceLines | undefined, line: number): boolean =>
    place !== undefined && line >= place.from && line <= place.to;
  return (
    <>
      <div class={on ? 'editor grammar-editor' : 'editor grammar-editor off'}>
        <pre ref={gutter} class="gutter" aria-hidden="true">
          {lines.map((_, index) => (
            <span key={index} class={within(wrong, index + 1) ? 'wrong' : within(here, index + 1) ? 'here' : undefined}>
              {index + 1}
            </span>
          ))}
        </pre>
        <textarea
          class="code"
          aria-label={`${title}, as text`}
          aria-invalid={problem !== undefined}
          aria-describedby="grammar-problem"
          spellcheck={false}
          autocapitalize="off"
          wrap="off"
          rows={Math.min(18, Math.max(9, lines.length))}
          value={text}
          onInput={(event) => set({ text: event.currentTarget.value })}
          onScroll={(event) => {
            gutter.current!.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <p id="grammar-problem" class={problem === undefined ? 'help' : 'problem'} role="status">
        {problem === undefined ? on ? help : `${help} Switched off.` : <Problem problem={problem} />}
      </p>
    </>
  );
}

function Problem({ problem: { message, pointer, line } }: { problem: Failure }) {
  return (
    <>
      {pointer !== undefined && <code class="pointer">{pointer}</code>}
      {pointer === undefined && line !== undefined && <b>Line {line}: </b>} {message}
    </>
  );
}

function linesOfProblem({ pointer, line }: Failure, { kind, text }: GrammarSettings): SourceLines | undefined {
  if (line !== undefined) return { from: line, to: line };
  const place = pointer === undefined ? undefined : linesOf(kind, text, pointer);
  return place && { from: place.from, to: place.from };
}
