import { type Signal, signal } from '@preact/signals';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

export const theme: Signal<Theme> = signal(stored());

/** From what the system has to light, to dark, and back. */
export function toggleTheme(): void {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
  theme.value = next;
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    if (next === 'auto') localStorage.removeItem('theme');
    else localStorage.setItem('theme', next);
  } catch {
    // A page without storage forgets it.
  }
}

function stored(): Theme {
  const { theme: set } = document.documentElement.dataset;
  return set === 'light' || set === 'dark' ? set : 'auto';
}
