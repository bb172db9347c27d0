import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderInspection } from '../../src/cli/commands/inspect.ts';
import { renderBar, renderDuration, renderPercent, renderTable } from '../../src/cli/render.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { inspectSource } from '../../src/data/index.ts';

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

describe('a table whose columns are called title and description, of something else', () => {
  it.each([
    ['id,title,description,author,published_at\n1,Rain,It rains.,Ana,2026-11-02\n', 'author, published_at'],
    ['title,description,venue,organizer\nFair,On the square.,Town Hall,Moth\n', 'venue, organizer'],
  ])('is told with the columns that say so: %s', async (text, foreign) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-inspect-'));
    const file = path.join(folder, 'table.csv');
    await writeFile(file, text);
    const source = { ...loadConfig({ env: {} }).config.data.source, kind: 'file' as const, path: file };
    const found = await inspectSource({ source, map: {}, refusedKept: 1 });
    await rm(folder, { recursive: true });
    expect(renderInspection('table.csv', found)).toContain(`${foreign}: hardly of products`);
  });
});
