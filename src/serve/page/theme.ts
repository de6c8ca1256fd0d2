/** Light or dark: as the system has it, until somebody chooses. Only the choice is kept, nothing else. */
import { find } from './dom.ts';

const KEPT = 'glz-colours';

/** Makes the button work. */
export function startTheme(): void {
  const button = find('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(KEPT);
  } catch {
    // A browser that keeps nothing.
  }
  const isDark = (): boolean => (chosen === null ? system.matches : chosen === 'dark');
  const show = (): void => {
    if (chosen !== null) document.documentElement.dataset.colours = isDark() ? 'dark' : 'light';
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    chosen = isDark() ? 'light' : 'dark';
    try {
      localStorage.setItem(KEPT, chosen);
    } catch {
      // It holds until the page is closed.
    }
    show();
  });
  system.addEventListener('change', show);
  show();
}
