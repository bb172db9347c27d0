/** Which words of a text were taken out and put in. */

type Part = { kind: 'same' | 'out' | 'in'; text: string };

/** Texts whose product of words is above this are shown one after the other: comparing them would be felt. */
const MAX_CELLS = 250_000;

export function compareWords(before: string, after: string): Part[] {
  const a = before.match(/\s+|[^\s]+/gu) ?? [];
  const b = after.match(/\s+|[^\s]+/gu) ?? [];
  if (a.length * b.length > MAX_CELLS)
    return [
      { kind: 'out', text: before },
      { kind: 'in', text: after },
    ];
  // Of what follows each pair of places, the length of the longest common run of words.
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const parts: Part[] = [];
  const add = (kind: Part['kind'], text = ''): void => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add('same', a[i]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      add('out', a[i]);
      i += 1;
    } else {
      add('in', b[j]);
      j += 1;
    }
  }
  return parts;
}
