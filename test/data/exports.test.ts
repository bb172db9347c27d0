/**
 * Exports of many more shops, review tools, spreadsheets and advertising tools, small, each with what a
 * person reads in it: read without a flag. Goods, people and numbers are invented.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { inspectSource, type InspectedRecord } from '../../src/data/index.ts';
import { recognise } from '../../src/data/platform/recognise.ts';
import { respell } from '../../src/data/remembered-maps.ts';
import { currencyOfName } from '../../src/data/values/numbers.ts';

const folder = path.join(import.meta.dirname, '..', 'fixtures', 'exports');

interface Truth {
  format: string;
  kind: string;
  encoding: string;
  delimiter: string | null;
  header_line?: number;
  /** Of a file whose bytes do not tell it. */
  declare?: string;
  accepted: number;
  refused: number;
  /** What is true of some of its records; texts in one line. */
  records: Record<string, unknown>[];
}

const files = JSON.parse(readFileSync(path.join(folder, 'truth.json'), 'utf8')) as Record<string, Truth>;

async function inspect(file: string, encoding: string | null = null) {
  const records: Record<string, unknown>[] = [];
  const source = {
    ...loadConfig({ env: {} }).config.data.source,
    kind: 'file' as const,
    path: path.join(folder, file),
    encoding,
  };
  const found = await inspectSource({
    source,
    map: {},
    refusedKept: 10,
    onRecord: (row) => void records.push(flatten(row)),
  });
  return { found, records };
}

function flatten({ record, metrics }: InspectedRecord): Record<string, unknown> {
  const all = Object.entries({ ...record, ...metrics });
  return Object.fromEntries(
    all.map(([key, value]) => [
      key,
      typeof value === 'string' ? value.replaceAll(/\s+/gu, ' ').trim() : value,
    ]),
  );
}

describe('an export that is read without a flag', () => {
  it.each(Object.entries(files))('%s is what it is, with every row as it is', async (file, truth) => {
    const { found, records } = await inspect(file, truth.declare);
    const { layout } = found;
    expect(found).toMatchObject({
      format: expect.stringContaining(truth.format),
      kind: truth.kind,
      accepted: truth.accepted,
      refused: truth.refused,
    });
    expect([layout.encoding, layout.delimiter]).toEqual([truth.encoding, truth.delimiter]);
    if (truth.header_line !== undefined) expect(layout.headerLine).toBe(truth.header_line);
    for (const record of truth.records) expect(records).toContainEqual(expect.objectContaining(record));
  });
});

describe('a table that nobody wrote for products', () => {
  const layout = { format: 'csv', encoding: 'utf-8', delimiter: ',', marks: [] };

  it.each([
    ['customers', 'id,name,email,phone,created_at,notes'],
    ['customers', 'Kundennummer,Name,Vorname,Kategorie,Angelegt am,Text'],
    ['orders', 'order_id,product,quantity,price,date,notes'],
    ['orders', 'id,item,price,customer,created,description'],
    ['orders', 'id,customer.name,total.price,created_at,notes'],
    ['events', 'id,name,description,category,start date,location'],
    ['events', 'event_id,title,description,price,venue,date'],
    ['news', 'id,title,content,category,date,author'],
    ['news', 'title,text,subject,date'],
    ['films', 'id,name,description,category,director,rating'],
    ['music', 'track_id,title,artist,album,category,description'],
    ['jobs', 'id,title,description,category,salary'],
    ['tickets', 'id,title,description,priority,assignee,created_at'],
    ['posts', 'id,title,content,post_type,date,tags'],
  ])('of %s (%s) is not taken for a catalogue: what its columns mean is asked', (_, columns) => {
    expect(recognise(columns.split(','), layout)).toBeUndefined();
  });

  it.each([
    'id,title,author,description,price,isbn',
    'sku,name,artist,description,category,price',
    'sku,name,description,category,start date,end date',
    'name,description,category,price,supplier email',
    'sku,product,review,rating,date,order id',
    'title,description,rating,author,date',
    'Artikelnummer,Bezeichnung,Beschreibung,Preis,Bestellnummer',
  ])('is told from one of products: %s', (columns) => {
    expect(recognise(columns.split(','), layout)).toBeDefined();
  });
});

describe('a file whose encoding its bytes leave in doubt', () => {
  const doubtful = Object.entries(files).flatMap(([file, { declare }]) =>
    declare === undefined ? [] : [[file, declare]],
  );

  it.each(doubtful)('%s is asked about, with the likeliest answer first: %s', async (file, encoding) => {
    await expect(inspect(file)).rejects.toThrow(
      new RegExp(`: name the right one \\(--encoding ${encoding}\\), or save it as UTF-8$`, 'u'),
    );
  });
});

describe('a map that was kept for a header', () => {
  it('names the columns as the table at hand spells them', () => {
    const map = { title: 'Item_Name', description: 'Long Text', price: '', rating: '3' };
    expect(respell(map, ['item name', 'Long Text', 'stars'])).toEqual({ ...map, title: 'item name' });
  });
});

describe('the name of a column of prices', () => {
  it.each([
    ['Price (EUR)', 'EUR'],
    ['price_usd', 'USD'],
    ['Preis in €', 'EUR'],
    ['Price (ALL)', 'ALL'],
    ['price_all', undefined],
    ['Price top', undefined],
    ['Price', undefined],
  ])('%s says %s', (name, currency) => {
    expect(currencyOfName(name)).toBe(currency);
  });
});
