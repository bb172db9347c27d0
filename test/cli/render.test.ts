import { expect, it } from 'vitest';
import { renderBar, renderDuration, renderPercent, renderTable } from '../../src/cli/render.ts';

it('renders a table whose columns are as wide as their widest cell', () => {
  expect(
    renderTable(
      ['ID', 'STATUS'],
      [
        ['run-1', 'failed'],
        ['r', null],
      ],
    ),
  ).toMatchInlineSnapshot(`
    "ID     STATUS
    run-1  failed
    r      -"
  `);
});

it('renders durations in the unit a reader expects', () => {
  expect([950, 12_340, 185_000, 7_380_000].map(renderDuration)).toEqual([
    '950 ms',
    '12.3 s',
    '3 min 5 s',
    '2 h 3 min',
  ]);
});

it('renders shares and bars, and keeps bars within their width', () => {
  expect(renderPercent(0.8712)).toBe('87.1 %');
  expect(renderPercent(null)).toBe('-');
  expect(renderBar(0.5, 10)).toBe('[#####-----]  50 %');
  expect(renderBar(1.4, 4)).toBe('[####] 100 %');
});
