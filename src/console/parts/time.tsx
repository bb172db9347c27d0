/** Times as people say them, with the exact one on hover. */
const STEPS: readonly [unit: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** `3 min`, `1 h 20 min`; at most two units. */
export function formatDuration(ms: number): string {
  let seconds = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  for (const [unit, size] of STEPS) {
    const count = Math.floor(seconds / size);
    if (count === 0 && parts.length === 0 && unit !== 's') continue;
    if (count > 0 || parts.length === 0) parts.push(`${count} ${unit}`);
    seconds -= count * size;
    if (parts.length === 2 || (parts.length === 1 && seconds === 0)) break;
  }
  return parts.join(' ');
}

const ZONE_KEY = 'copyloop.times';

/** Whether times are shown as the clock on the wall says them, or in UTC; remembered by this browser. */
export const timesInUtc = {
  get: (): boolean => localStorage.getItem(ZONE_KEY) === 'utc',
  set: (isUtc: boolean): void => localStorage.setItem(ZONE_KEY, isUtc ? 'utc' : 'local'),
};

/** `Tue, 1 Dec 2026, 00:00:00 UTC`, by the language of the browser. */
function formatMoment(at: string): string {
  return new Date(at).toLocaleString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    hourCycle: 'h23',
    ...(timesInUtc.get() ? { timeZone: 'UTC' } : {}),
  });
}

/** `14:03:20`, of a line in a log. */
export function formatClock(at: string): string {
  const zone = timesInUtc.get() ? { timeZone: 'UTC' } : {};
  return new Date(at).toLocaleTimeString('en-GB', zone);
}

export function Moment({ at }: { at: string }) {
  return <time dateTime={at}>{formatMoment(at)}</time>;
}

/** @param at ISO time; null is shown as a dash */
export function Ago({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="soft">–</span>;
  const ms = Date.now() - Date.parse(at);
  const text = ms < 5000 && ms > -5000 ? 'just now' : ms < 0 ? `in ${largest(-ms)}` : `${largest(ms)} ago`;
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {text}
    </time>
  );
}

const largest = (ms: number): string => formatDuration(ms).split(' ').slice(0, 2).join(' ');

/** How long it took, or has taken so far. */
export function Took({ from, to }: { from: string | null; to: string | null }) {
  if (from === null) return <span class="soft">–</span>;
  return <span>{formatDuration((to === null ? Date.now() : Date.parse(to)) - Date.parse(from))}</span>;
}

/** In CSV, where a duration is a number. */
export const secondsBetween = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : Math.round((Date.parse(to) - Date.parse(from)) / 1000);
