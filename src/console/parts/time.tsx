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

/** @param at ISO time; null is shown as a dash */
export function Ago({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="soft">–</span>;
  const ms = Date.now() - Date.parse(at);
  const text = ms < 5000 && ms > -5000 ? 'just now' : ms < 0 ? `in ${largest(-ms)}` : `${largest(ms)} ago`;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
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
