/** JSON has no NaN and no infinities; protobuf's JSON writes them as texts. */
export function renderDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A number, or a text as clients in Python write one: `nan`, `-Infinity`, `1e-3`. */
export function parseDouble(value: number | string): number {
  if (typeof value === 'number') return value;
  const word = value.trim().toLowerCase().replace(/^\+/, '');
  if (word.endsWith('nan')) return Number.NaN;
  if (word.includes('inf')) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(word);
}
