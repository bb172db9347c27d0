/** How one likes to look at it, remembered by this browser: light or dark, local time or UTC. */
import { useEffect, useState } from 'preact/hooks';
import { timesInUtc } from '../parts/time.tsx';

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

export function TimesChoice() {
  return (
    <label class="soft">
      Times{' '}
      <select
        value={timesInUtc.get() ? 'utc' : 'local'}
        onChange={(event) => {
          timesInUtc.set(event.currentTarget.value === 'utc');
          location.reload();
        }}
      >
        <option value="local">local</option>
        <option value="utc">UTC</option>
      </select>
    </label>
  );
}
