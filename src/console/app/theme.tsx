/** Light, dark, or as the system has it; remembered by this browser. */
import { useEffect, useState } from 'preact/hooks';

const KEY = 'copyloop.theme';
const THEMES = ['system', 'light', 'dark'] as const;

export function ThemeChoice() {
  const [theme, setTheme] = useState(() => localStorage.getItem(KEY) ?? 'system');
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(KEY, theme);
  }, [theme]);
  return (
    <label class="soft">
      Theme{' '}
      <select value={theme} onChange={(event) => setTheme(event.currentTarget.value)}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
