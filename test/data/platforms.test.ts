/** Exports beyond the fixtures, each in the few lines that make it what it is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { inspectSource, type InspectedRecord } from '../../src/data/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-platforms-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function inspect(text: string | Uint8Array) {
  const file = path.join(folder, 'export');
  await writeFile(file, text);
  const records: InspectedRecord[] = [];
  const source = { ...loadConfig({ env: {} }).config.data.source, kind: 'file' as const, path: file };
  const found = await inspectSource({
    source,
    map: {},
    refusedKept: 10,
    onRecord: (row) => void records.push(row),
  });
  return { found, records };
}

describe('an export', () => {
  it('of Amazon with three lines of head has its header in the third, and variations fold into their parent', async () => {
    const { found, records } = await inspect(
      'TemplateType=fptcustom\tVersion=2026.0101\tThe top 3 rows are for Amazon.com use only.\t\t\t\n' +
        'Seller SKU\tProduct Name\tBrand Name\tStandard Price\tParentage\tParent SKU\n' +
        'item_sku\titem_name\tbrand_name\tstandard_price\tparent_child\tparent_sku\n' +
        'A-1\tLinen Shirt\tFerrin\t\tParent\t\nA-1-S\tLinen Shirt S\tFerrin\t19.99\tChild\tA-1\nB-1\tLamp\tFerrin\t9.99\t\t\n',
    );
    expect([found.format, found.layout.headerLine, found.ignored]).toEqual([
      'Amazon inventory flat file',
      3,
      1,
    ]);
    expect(records.map(({ record }) => [record.id, record.price])).toEqual([
      ['A-1', 19.99],
      ['B-1', 9.99],
    ]);
  });

  it('of Magento keeps its attributes and leaves out variants and translations', async () => {
    const { found, records } = await inspect(
      'sku,store_view_code,attribute_set_code,product_type,categories,name,description,visibility,price,additional_attributes\n' +
        'S1-R,,Default,simple,Gear,Shirt Red,,Not Visible Individually,10.00,color=Red\n' +
        'S1,,Default,configurable,"Gear,Gear/Bags",Shirt,<p>Good.</p>,"Catalog, Search",12.00,"brand=Acme,color=Red"\n' +
        'S1,de,,,,Hemd,<p>Gut.</p>,,,\n',
    );
    expect([found.accepted, found.ignored, found.refused]).toEqual([1, 2, 0]);
    expect(records[0]?.record).toMatchObject({
      id: 'S1',
      category: 'Gear',
      brand: 'Acme',
      attributes: { color: 'Red' },
    });
  });

  it('of Google Analytics begins after its comments, and neither its total nor what has no text is one', async () => {
    const { found, records } = await inspect(
      '# ----\n# Account: Shop\n# Start date: 20260801\nSession manual ad content,Sessions,Engaged sessions,Key events\n' +
        ',1500,900,30,Grand total\ntxt_1,487,422,6\n(not set),100,50,1\n',
    );
    expect([found.format, found.kind, found.accepted, found.refused]).toEqual([
      'Google Analytics 4 report CSV',
      'feedback',
      1,
      0,
    ]);
    expect(records[0]?.metrics).toMatchObject({ conversions: 6 });
  });

  it('of a spreadsheet in UTF-16 reads its own quotes, money and what is not rated', async () => {
    const { found, records } = await inspect(
      Buffer.from(
        '\ufeffSKU\tName\tDescription\tCategory\tPrice\tRating\r\n007\tLamp\t"Warm ""light"""\tHome\t$1,249.00\t4.5\r\n8\tTray\tBent\tHome\t$9.00\tN/A\r\nTotal\t\t\t\t$1,258.00\t\r\n',
        'utf16le',
      ),
    );
    expect([found.layout.encoding, found.accepted, found.unrated, found.refused]).toEqual([
      'utf-16le',
      2,
      1,
      0,
    ]);
    expect(records[0]?.record).toMatchObject({
      id: '007',
      description: 'Warm "light"',
      price: 1249,
      currency: 'USD',
      rating: 4.5,
    });
  });

  it.each([
    [
      'Etsy listings CSV',
      'TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,TAGS,MATERIALS,SKU\nBag,Hand made.,24.50,EUR,3,"bag,gift",linen,B-1\n',
    ],
    [
      'Yotpo review export CSV',
      'review_title,review_content,review_score,date,product_id,product_title\nGreat,Works,5,2026-01-19,77,Lamp\n',
    ],
    [
      'Loox review export CSV',
      'product_handle,rating,author,body,created_at,photo_url\nlamp,5,Bo,Great lamp,2026-01-19T10:00:00Z,\n',
    ],
    [
      'Meta ads report CSV',
      'Ad name,Headline,Impressions,Link clicks,Amount spent (USD)\n,,50000,500,99.5\nAd 1,Tired?,30000,300,50.25\n',
    ],
    [
      'Mail campaign report CSV',
      'Title,Subject,Send Date,Successful Deliveries,Unique Opens,Open Rate,Unique Clicks\nAutumn,New in: mugs,"Aug 15, 2026 10:00 am","1,190",500,42.02%,50\n',
    ],
    [
      'Amazon reviews (review data set, JSON Lines)',
      '{"asin":"B00","reviewText":"Great","overall":5.0,"summary":"Good","unixReviewTime":1398211200}\n',
    ],
  ])('is known as %s', async (format, text) => {
    const { found } = await inspect(text);
    expect([found.format, found.accepted, found.refused]).toEqual([format, 1, 0]);
  });
});
