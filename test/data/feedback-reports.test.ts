/** Exports of the tools that show texts, as `copyloop feedback import` reads them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openReport } from '../../src/data/feedback-import.ts';
import type { SourceRow } from '../../src/data/format/table.ts';

const A = `${'a'.repeat(32)}.ad_copy.0`;
const B = `${'b'.repeat(32)}.google_rsa.headlines.2`;

async function read(csv: string, day?: string): Promise<SourceRow[]> {
  const body = Readable.from([Buffer.from(csv)]);
  const rows: SourceRow[] = [];
  for await (const row of await openReport({ kind: 'bytes', body, name: 'report.csv' }, day)) rows.push(row);
  return rows;
}

const counts = (rows: readonly SourceRow[]) => rows.flatMap((row) => ('values' in row ? [row.values] : []));

describe('a report of a tool', () => {
  it.each([
    [
      'a table of UTM parameters',
      `utm_source,utm_medium,utm_campaign,utm_content,Impressions,Clicks,Sessions,Conversions\ngoogle,cpc,x,${A},100,10,8,1\nmeta,paid,x,${A},50,5,4,1\ngoogle,cpc,x,${B},20,2,2,0\nTotal,,,,170,17,14,2\n`,
    ],
    [
      'Google Ads, the id in the final address',
      `Ad report\n"May 18, 2026"\nAd state,Headline 1,Description 1,Final URL,Impr.,Clicks,Conversions,Cost\nEnabled,Buy,Now,https://x.example/?utm_content=${A},"1,00",0,0,0\n`.replace(
        '"1,00",0,0,0\n',
        `150,15,2.00,1\nEnabled,Go,Now,https://x.example/?utm_content=${B}&x=1,20,2,0,1\n`,
      ),
    ],
    [
      'Meta ads, the id in the ad’s name',
      `Campaign name,Ad name,Impressions,Link clicks,Results,Amount spent (EUR)\nx,"Lamp ${A}",150,15,2,9\nx,"Mug ${B}",20,2,0,1\n`,
    ],
  ])('is read by its columns, summed by text and day: %s', async (_, csv) => {
    expect(counts(await read(csv, '2026-11-30'))).toEqual([
      { text_id: A, day: '2026-11-30', impressions: 150, clicks: 15, conversions: 2 },
      { text_id: B, day: '2026-11-30', impressions: 20, clicks: 2, conversions: 0 },
    ]);
  });

  it('has its own days where it is broken down by them', async () => {
    const csv = `Day,Campaign name,Ad name,Impressions,Link clicks,Results,Amount spent (EUR)\n2026-11-01,x,${A},5,1,0,1\n2026-11-02,x,${A},7,2,1,1\n`;
    expect(counts(await read(csv)).map(({ day, impressions }) => [day, impressions])).toEqual([
      ['2026-11-01', 5],
      ['2026-11-02', 7],
    ]);
  });

  it('refuses rows that name no text or no day, with the way out', async () => {
    const feeds = path.join(import.meta.dirname, '..', 'fixtures', 'feeds');
    const assets = await read(readFileSync(path.join(feeds, '25_google_ads_assets.csv'), 'utf8'));
    expect(counts(assets)).toEqual([]);
    expect(assets[0]).toMatchObject({
      fault: { field: 'text_id', reason: expect.stringContaining('utm_content') },
    });
    const dayless = await read(`Campaign name,Ad name,Impressions,Reach\nx,${A},5,4\n`);
    expect(dayless).toMatchObject([
      { line: 2, fault: { field: 'day', reason: expect.stringContaining('--day') } },
    ]);
    await expect(read('one,two\n1,2\n')).rejects.toThrow(/no tool is known that writes it/u);
  });

  it('of ours is read as it is', async () => {
    const csv = `text_id,day,impressions\n${A},2026-11-30,5\n`;
    expect(counts(await read(csv))).toEqual([{ text_id: A, day: '2026-11-30', impressions: '5' }]);
  });
});
