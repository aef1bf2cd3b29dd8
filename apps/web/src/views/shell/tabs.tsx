import type { ComponentType } from 'preact';
import { run } from '../../state/store.ts';
import { type TabName, tab } from '../../state/tab.ts';
import { CustomSampler } from '../forms/custom-sampler.tsx';
import { CodeView } from '../pages/code-view.tsx';
import { CompareView } from '../pages/compare-view.tsx';
import { GrammarView } from '../pages/grammar-view.tsx';
import { StrategyView } from '../pages/strategy-view.tsx';
import { CacheView } from '../run/cache-view.tsx';
import { Inspector } from '../run/inspector.tsx';

const views: Readonly<Record<TabName, ComponentType>> = {
  token: Inspector,
  strategy: StrategyView,
  compare: CompareView,
  cache: CacheView,
  grammar: GrammarView,
  sampler: CustomSampler,
  code: CodeView,
};

const strategyTitles = {
  sampling: 'Strategy',
  beams: 'Beam tree',
  contrast: 'Expert − amateur',
  speculative: 'Drafts',
};

function titles(): readonly [TabName, string][] {
  return [
    ['token', 'Token'],
    ['strategy', strategyTitles[run.value?.settings.decoding.kind ?? 'sampling']],
    ['compare', 'Two chains'],
    ['cache', 'KV cache'],
    ['grammar', 'Grammar'],
    ['sampler', 'Your sampler'],
    ['code', 'Code'],
  ];
}

export function Tabs() {
  const all = titles();
  const View = views[tab.value];
  const go = (by: number): void => {
    const at = all.findIndex(([name]) => name === tab.value);
    const [name] = all[(at + by + all.length) % all.length]!;
    tab.value = name;
    document.getElementById(`tab-${name}`)?.focus();
  };
  return (
    <section class="card tabs">
      <div class="tab-list" role="tablist" aria-label="Views">
        {all.map(([name, title]) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={tab.value === name}
            aria-controls="tab-panel"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => (tab.value = name)}
            onKeyDown={(event) => {
              if (event.key === 'ArrowRight') go(1);
              else if (event.key === 'ArrowLeft') go(-1);
            }}
          >
            {title}
          </button>
        ))}
      </div>
      <div id="tab-panel" class="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
        <View />
      </div>
    </section>
  );
}
