/** Where two JSON documents differ, key by key: `data.source.count`. */
export interface Difference {
  key: string;
  /** undefined where one of the two has no such key. */
  ours: unknown;
  theirs: unknown;
}

export function listDifferences(ours: unknown, theirs: unknown): Difference[] {
  const [a, b] = [flatten(ours), flatten(theirs)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((key) => JSON.stringify(a.get(key)) !== JSON.stringify(b.get(key)))
    .map((key) => ({ key, ours: a.get(key), theirs: b.get(key) }));
}

function flatten(value: unknown, prefix = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return into.set(prefix, value);
  for (const [name, child] of Object.entries(value))
    flatten(child, prefix === '' ? name : `${prefix}.${name}`, into);
  return into;
}

/** As a cell shows it: texts as they are, everything else as JSON. */
export function renderValue(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
