import type { Json } from '@tokenwright/core';
import type { ParameterSpec } from '../../options/parameters.ts';
import { type StrategyName, strategySpecs } from '../../options/strategies.ts';
import { type Decoding, decodings } from '../../settings.ts';
import { change, settings } from '../../state/store.ts';
import { ParameterInput } from './parameter-input.tsx';
import { SliderField } from './slider-field.tsx';

const kinds: readonly [Decoding['kind'], string, string][] = [
  ['sampling', 'Sampling', 'One token after another, sampled from what the chain leaves.'],
  ['beams', 'Beams', 'Follow several continuations in parallel and return the most probable one.'],
  ['contrast', 'Contrast', 'Compare the model with a weaker source, and prefer what only the model predicts.'],
  ['speculative', 'Speculative', 'A fast draft proposes tokens; the model verifies all of them in one pass.'],
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
      {decoding.kind === 'beams' && (
        <div class="stage-parameters">
          <StrategyFields name="beam-search" decoding={decoding} />
        </div>
      )}
      {decoding.kind === 'contrast' && <ContrastFields decoding={decoding} />}
      {decoding.kind === 'speculative' && <SpeculativeFields decoding={decoding} />}
    </>
  );
}

type Kind<Name extends Decoding['kind']> = { readonly decoding: Extract<Decoding, { kind: Name }> };

/** The options of a strategy, from its declaration. */
function StrategyFields({ name, decoding }: { name: StrategyName; decoding: Decoding }) {
  const given = decoding as unknown as Readonly<Record<string, Json>>;
  const set = (option: string, value: Json | undefined): void => {
    const { [option]: _, ...others } = given;
    change({ decoding: (value === undefined ? others : { ...given, [option]: value }) as unknown as Decoding });
  };
  const input = (spec: ParameterSpec) => (
    <ParameterInput
      key={spec.name}
      owner={name}
      spec={spec}
      value={given[spec.name] ?? spec.usual}
      onChange={(value) => set(spec.name, value)}
    />
  );
  const specs = strategySpecs(name);
  const isShown = (spec: ParameterSpec): boolean => !spec.rare || spec.name in decodings[decoding.kind];
  return (
    <>
      {specs.filter(isShown).map(input)}
      <details class="more">
        <summary>More options</summary>
        <div class="stage-parameters">{specs.filter((spec) => !isShown(spec)).map(input)}</div>
      </details>
    </>
  );
}

const rules: readonly [Extract<Decoding, { kind: 'contrast' }>['rule'], string][] = [
  ['contrastive-logits', 'Against a small amateur (O’Brien and Lewis)'],
  ['contrastive-li', 'Against a small amateur (Li et al.)'],
  ['dola', 'Against the model’s own early layers (DoLa)'],
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
          <option value="prompt-lookup">what followed earlier in the text (prompt lookup)</option>
          <option value="early-exit">the model’s own early layers</option>
        </select>
      </label>
      <StrategyFields name="speculative" decoding={decoding} />
    </div>
  );
}
