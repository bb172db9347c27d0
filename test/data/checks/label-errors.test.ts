import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOutOfFold, findLabelErrors } from '../../../src/data/index.ts';
import { createRandom } from '../../../src/core/random.ts';

interface Case {
  labels: number[];
  probabilities: number[];
  found: number[];
}

const fixture = path.join(import.meta.dirname, '..', '..', '..', 'fixtures', 'label-errors.json');
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as Case[];

describe('suspected label errors', () => {
  it.each(cases.map((each, i) => [i, each] as const))(
    'are the rows that cleanlab finds on the same probabilities, in its order: case %i',
    (_, { labels, probabilities, found }) => {
      expect(findLabelErrors(labels, probabilities)).toEqual(found);
    },
  );

  it('are none where all labels are one', () => {
    expect(findLabelErrors([1, 1, 1], [0.1, 0.2, 0.9])).toEqual([]);
    expect(findLabelErrors([], [])).toEqual([]);
  });

  it('are found among flipped labels by the probabilities of a model that has not seen the row', () => {
    const random = createRandom(7);
    const pick = (words: readonly string[]): string =>
      Array.from({ length: 6 }, () => random.pick(words)).join(' ');
    const good = 'lovely sturdy bright soft perfect warm pleasant sharp elegant reliable'.split(' ');
    const bad = 'broken flimsy dull scratchy useless cold annoying blurry ugly faulty'.split(' ');
    const model = createOutOfFold();
    const labels: number[] = [];
    const flipped = new Set<number>();
    for (let row = 0; row < 400; row += 1) {
      const truth = row % 2;
      const isFlipped = row % 10 === 3 || row % 20 === 8;
      if (isFlipped) flipped.add(row);
      labels.push(isFlipped ? 1 - truth : truth);
      model.add(`the lamp is ${pick(truth === 1 ? good : bad)}`, labels[row] ?? 0, row);
    }
    const found = findLabelErrors(labels, model.predict());
    const hits = found.filter((row) => flipped.has(row)).length;
    expect(hits / flipped.size).toBeGreaterThan(0.9);
    expect(hits / found.length).toBeGreaterThan(0.8);
  });
});
