import { type Decoding, decodings } from '../../settings.ts';
import { change, settings } from '../../state/store.ts';
import { SliderField } from './slider-field.tsx';

const kinds: readonly [Decoding['kind'], string, string][] = [
  ['sampling', 'Sampling', 'One token after the other, drawn from what the chain leaves.'],
  ['beams', 'Beams', 'Follow several continuations at once and return the most probable.'],
  ['contrast', 'Contrast', 'Weigh the model against a weaker source, and say what only the expert would.'],
  ['speculative', 'Speculative', 'A quick draft guesses ahead; the model accepts or rejects all guesses in one pass.'],
];

export function DecodingForm() {
  const { decoding } = settings.value;
  const help = kinds.find(([kind]) => kind === decoding.kind)![2];
  return (
    <>
      <div class="segments" role="radiogroup" aria-label="Decoding">
        {kinds.map(([kind, title]) => (
          <label key={kind}>
            <input
              type="radio"
              name="decoding"
              checked={decoding.kind === kind}
              onChange={() => change({ decoding: decodings[kind] })}
            />
            <span>{title}</span>
          </label>
        ))}
      </div>
      <p class="help">{help}</p>
      {decoding.kind === 'beams' && <BeamFields decoding={decoding} />}
      {decoding.kind === 'contrast' && <ContrastFields decoding={decoding} />}
      {decoding.kind === 'speculative' && <SpeculativeFields decoding={decoding} />}
    </>
  );
}

type Kind<Name extends Decoding['kind']> = { readonly decoding: Extract<Decoding, { kind: Name }> };

function BeamFields({ decoding }: Kind<'beams'>) {
  const set = (part: Partial<typeof decoding>): void => change({ decoding: { ...decoding, ...part } });
  return (
    <div class="stage-parameters">
      <SliderField
        label="beams"
        from={1}
        to={12}
        step={1}
        value={decoding.beams}
        onChange={(beams) => set({ beams })}
      />
      <SliderField
        label="length penalty"
        from={-2}
        to={3}
        step={0.1}
        value={decoding.lengthPenalty}
        onChange={(lengthPenalty) => set({ lengthPenalty })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={decoding.sample}
          onChange={(event) => set({ sample: event.currentTarget.checked })}
        />
        draw the continuations
      </label>
    </div>
  );
}

const rules: readonly [Extract<Decoding, { kind: 'contrast' }>['rule'], string][] = [
  ['contrastive-logits', 'Against a small amateur (O’Brien and Lewis)'],
  ['contrastive-li', 'Against a small amateur (Li et al.)'],
  ['dola', 'Against its own early layers (DoLa)'],
  ['classifier-free-guidance', 'Guidance away from another prompt'],
];

function ContrastFields({ decoding }: Kind<'contrast'>) {
  const set = (part: Partial<typeof decoding>): void => change({ decoding: { ...decoding, ...part } });
  const { rule } = decoding;
  return (
    <div class="stage-parameters">
      <label class="field wide">
        <span>method</span>
        <select value={rule} onChange={(event) => set({ rule: event.currentTarget.value as typeof rule })}>
          {rules.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {rule !== 'classifier-free-guidance' && (
        <SliderField
          label="plausible"
          from={0}
          to={1}
          step={0.01}
          value={decoding.alpha}
          onChange={(alpha) => set({ alpha })}
        />
      )}
      {(rule === 'contrastive-logits' || rule === 'classifier-free-guidance') && (
        <SliderField
          label="strength"
          from={0}
          to={3}
          step={0.05}
          value={decoding.strength}
          onChange={(strength) => set({ strength })}
        />
      )}
      {rule === 'classifier-free-guidance' && (
        <label class="field wide">
          <span>other prompt</span>
          <input
            type="text"
            value={decoding.otherPrompt}
            placeholder="only the last token"
            onInput={(event) => set({ otherPrompt: event.currentTarget.value })}
          />
        </label>
      )}
    </div>
  );
}

function SpeculativeFields({ decoding }: Kind<'speculative'>) {
  const set = (part: Partial<typeof decoding>): void => change({ decoding: { ...decoding, ...part } });
  return (
    <div class="stage-parameters">
      <label class="field wide">
        <span>draft</span>
        <select
          value={decoding.draft}
          onChange={(event) => set({ draft: event.currentTarget.value as typeof decoding.draft })}
        >
          <option value="story-amateur">the small model, story-amateur</option>
          <option value="prompt-lookup">what followed before (prompt lookup)</option>
          <option value="early-exit">the model’s own early layers</option>
        </select>
      </label>
      <SliderField
        label="guesses"
        from={1}
        to={12}
        step={1}
        value={decoding.length}
        onChange={(length) => set({ length })}
      />
      <label class="field wide">
        <span>accept</span>
        <select
          value={decoding.accept}
          onChange={(event) => set({ accept: event.currentTarget.value as typeof decoding.accept })}
        >
          <option value="match">when plain sampling draws the same</option>
          <option value="rejection">by rejection sampling</option>
        </select>
      </label>
    </div>
  );
}
