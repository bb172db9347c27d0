import { describe, expect, it } from 'vitest';
import { readSamples, sumOf } from '../../src/console/pages/serving/samples.ts';
import { compareWords } from '../../src/console/parts/compare-words.ts';
import { renderCsv } from '../../src/console/parts/csv.ts';

describe('a table as CSV', () => {
  const columns = [
    { title: 'Text', text: ({ text }: { text: string | null }) => text },
    { title: 'Length', text: ({ text }: { text: string | null }) => text?.length },
    { title: 'Act', isAction: true, text: () => 'a button' },
  ];
  const csv = (text: string | null) => renderCsv([{ text }], columns).split('\r\n')[1];

  it('leaves out buttons, and leaves empty what is unknown', () => {
    expect(renderCsv([], columns)).toBe('Text,Length\r\n');
    expect(csv(null)).toBe(',');
  });

  it('quotes what would end a cell', () => {
    expect(csv('a "b", c')).toBe('"a ""b"", c",8');
  });

  it('keeps what begins like a formula from being one, and numbers as they are', () => {
    expect(csv('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")",15');
    expect(csv('@sum')).toBe("'@sum,4");
    expect(renderCsv([-3], [{ title: 'n', text: (n: number) => n }])).toBe('n\r\n-3\r\n');
  });
});

describe('changed words', () => {
  it('are those that were taken out and put in, the rest as it stands', () => {
    expect(compareWords('A warm light.', 'A very warm lamp.')).toEqual([
      { kind: 'same', text: 'A ' },
      { kind: 'in', text: 'very ' },
      { kind: 'same', text: 'warm ' },
      { kind: 'out', text: 'light.' },
      { kind: 'in', text: 'lamp.' },
    ]);
    expect(compareWords('same', 'same')).toEqual([{ kind: 'same', text: 'same' }]);
  });

  it('give both texts whole where there is no telling in time', () => {
    const [before, after] = ['a '.repeat(400), 'b '.repeat(400)];
    expect(compareWords(before, after)).toEqual([
      { kind: 'out', text: before },
      { kind: 'in', text: after },
    ]);
  });
});

describe('samples of the metrics', () => {
  it('are summed over labels that are not asked for', () => {
    const samples = readSamples(
      '# HELP a_total x\na_total{result="hit",alias="champion"} 3\na_total{result="hit",alias="challenger"} 4\na_total{result="miss"} 1\nb 2.5\n',
    );
    expect(sumOf(samples, 'a_total', { result: 'hit' })).toBe(7);
    expect(sumOf(samples, 'b')).toBe(2.5);
    expect(sumOf(samples, 'c')).toBe(0);
  });
});
