/** Pairs made from real texts: what is the same product once more, and what is another one. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { toPlainText } from '../../../src/core/markup.ts';
import { createNearDuplicateFinder } from '../../../src/data/index.ts';

const keyOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Which texts are nearly which, at the default threshold. */
function group(texts: readonly string[], fixed: ReadonlySet<number> = new Set(), threshold = 0.7) {
  const finder = createNearDuplicateFinder(threshold);
  for (const [i, text] of texts.entries()) finder.add(text, keyOf(text), fixed.has(i));
  return finder.find();
}

const feeds = path.join(import.meta.dirname, '..', '..', 'fixtures', 'feeds');
const rows: Record<string, string>[] = parse(readFileSync(path.join(feeds, '03_woocommerce_products.csv')), {
  columns: true,
  bom: true,
});
const products = rows
  .filter(({ Type: type }) => type !== 'variation')
  .map((row) => `${row['Name'] ?? ''}\n${toPlainText(row['Description'] ?? '')}`)
  .filter((text) => text.length > 100);

const MADE: Readonly<Record<string, (text: string) => string>> = {
  'in capitals': (text) => text.toUpperCase(),
  'in another colour': (text) => text.replace(/\b[\p{L}]{4,}\b/u, 'Crimson'),
  'with its sentences in another order': (text) => {
    const [title = '', ...rest] = text.split('\n');
    return [
      title,
      ...rest
        .join(' ')
        .split(/(?<=[.!?])\s/u)
        .toReversed(),
    ].join(' ');
  },
  'with markup': (text) => toPlainText(`<p><b>${text.replaceAll('\n', '</b></p><p>')}</p>`),
  'with one sentence more': (text) => `${text} It ships within two days.`,
};

describe('near duplicates', () => {
  it.each(Object.entries(MADE))('are found: a product %s', (_, make) => {
    const texts = products.flatMap((text) => [text, make(text)]);
    const { anchorOf } = group(texts);
    const found = products.filter((_text, i) => anchorOf(2 * i) === anchorOf(2 * i + 1));
    expect(products.length).toBeGreaterThan(20);
    expect(found.length / products.length).toBeGreaterThanOrEqual(0.95);
  });

  it('are not found between products that only share how they are written', () => {
    const random = createRandom(3);
    const words = products.join(' ').split(/\s+/u);
    const others = Array.from({ length: 2000 }, () =>
      Array.from({ length: 30 }, () => random.pick(words)).join(' '),
    );
    expect(group(others).count).toBe(0);
  });

  it('stand with the row that must stay, whichever comes first', () => {
    const [text = ''] = products;
    const near = `${text} It ships within two days.`;
    const filler = Array.from({ length: 100 }, (_, i) =>
      keyOf(String(i))
        .toString('hex')
        .replaceAll(/(....)/gu, '$1 '),
    );
    for (const [texts, fixed] of [
      [[text, near, ...filler], 1],
      [[near, text, ...filler], 0],
    ] as const) {
      const { keyOf: splitKeyOf } = group(texts, new Set([fixed]));
      expect(splitKeyOf(fixed)).toBeUndefined();
      expect(splitKeyOf(1 - fixed)).toBe(keyOf(texts[fixed] ?? '').toString('hex'));
    }
  });

  it('never put most of a catalogue on one side, however alike it is written', () => {
    const texts = Array.from(
      { length: 200 },
      (_, i) => `Lamp ${i}, a lovely bright lamp for the desk and the bed, number ${i}.`,
    );
    const { anchorOf } = group(texts);
    const sizes = new Map<number, number>();
    for (const i of texts.keys()) sizes.set(anchorOf(i), (sizes.get(anchorOf(i)) ?? 0) + 1);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(4);
  });
});
