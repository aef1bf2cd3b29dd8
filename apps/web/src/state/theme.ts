import { type Signal, signal } from '@preact/signals';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

export const theme: Signal<Theme> = signal(stored());

/** Cycle through the system's theme, light and dark. */
export function toggleTheme(): void {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
  theme.value = next;
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    if (next === 'auto') localStorage.removeItem('theme');
    else localStorage.setItem('theme', next);
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
}

function stored(): Theme {
  const { theme: set } = document.documentElement.dataset;
  return set === 'light' || set === 'dark' ? set : 'auto';
}
