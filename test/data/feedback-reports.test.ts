/** Exports of the tools that show texts, as `copyloop feedback import` reads them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openReport } from '../../src/data/feedback-import.ts';
import type { SourceRow } from '../../src/data/format/table.ts';

const A = `${'a'.repeat(32)}.ad_copy.0`;
const B = `${'b'.repeat(32)}.google_rsa.headlines.2`;

async function read(csv: string | Buffer, day?: string): Promise<SourceRow[]> {
  const body = Readable.from([Buffer.from(csv as string)]);
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

describe('an export as a tool writes it, with its head and its totals', () => {
  const [G, M] = [9586, 1586];
  const ads = [
    [G, 284, 3],
    [M, 12, 0],
  ];
  const posts = [
    [G, 284, 0],
    [M, 12, 0],
  ];
  const sessions = [
    [0, 284, 3],
    [0, 12, 0],
  ];

  it.each<[string, string | Buffer, number[][], string?]>([
    [
      'google ads en, ad report',
      `Ad report\n"August 1, 2026 - August 31, 2026"\nAd state,Ad type,Final URL,Headline 1,Headline 1 position,Headline 2,Description 1,Campaign,Ad group,Status,Currency code,CTR,Avg. CPC,Cost,Impr.,Clicks,Conversions\nEnabled,Responsive search ad,https://s.ex/p?utm_source=google&utm_content=${A},Buy, --,Now,Warm,Brand,G,Eligible,USD,2.96%,0.51,145.00,"9,586",284,3.25\nEnabled,Responsive search ad,https://s.ex/p?utm_content=${B},Go, --,Now,Warm,Brand,G,Eligible,USD,0.76%,0.5,6.00,"1,586",12,0.00\nTotal: Ads, --, --, --, --, --, --, --, --, --,USD,2.65%,0.51,151.00,"11,172",296,3.25\nTotal: Account, --, --, --, --, --, --, --, --, --,USD,2.65%,0.51,151.00,"11,172",296,3.25\n`,
      ads,
    ],
    [
      'google ads de utf-16 tsv',
      Buffer.from(
        '\ufeff' +
          `Anzeigenbericht\r\n1. August 2026 – 31. August 2026\r\nTag\tAnzeigenstatus\tFinale URL\tAnzeigentitel 1\tTextzeile 1\tKlicks\tImpressionen\tCTR\tKosten\tConversions\r\n2026-08-01\tAktiviert\thttps://s.ex/?utm_content=${A}\tKauf\tWarm\t284\t9.586\t2,96 %\t145,00\t3,25\r\n2026-08-01\tAktiviert\thttps://s.ex/?utm_content=${B}\tLos\tWarm\t12\t1.586\t0,76 %\t6,00\t0,00\r\nGesamt: Konto\t--\t--\t--\t--\t296\t11.172\t2,65 %\t151,00\t3,25\r\n`,
        'utf16le',
      ),
      ads,
      'has days',
    ],
    [
      'meta en export',
      `Reporting starts,Reporting ends,Ad name,Ad delivery,Attribution setting,Results,Result indicator,Reach,Impressions,Cost per results,Amount spent (USD),Ends,Link clicks,CTR (link click-through rate)\n2026-08-01,2026-08-31,Lamp ${A},active,7-day click,3,actions:offsite_conversion.fb_pixel_purchase,5000,9586,48.3,145,Ongoing,284,2.96\n2026-08-01,2026-08-31,${B},active,7-day click,,,900,1586,,6,Ongoing,12,0.76\n2026-08-01,2026-08-31,,,,3,,5900,11172,,151,,296,2.65\n`,
      ads,
      'has days',
    ],
    [
      'meta fr',
      `Début des rapports,Fin des rapports,Nom de la publicité,Diffusion de la publicité,Résultats,Indicateur de résultats,Couverture,Impressions,Coût par résultats,Montant dépensé (EUR),Clics sur un lien\n2026-08-01,2026-08-01,${A},active,3,actions,5000,9586,48.3,145.20,284\n2026-08-01,2026-08-01,${B},active,,,900,1586,,6.00,12\n`,
      ads,
      'has days',
    ],
    [
      'ga4 session manual ad content',
      `# ----------------------------------------\n# Traffic acquisition: Session manual ad content\n# Account: Shop\n# Property: Shop GA4\n# ----------------------------------------\n#\n# All Users\n# Start date: 20260801\n# End date: 20260831\nSession manual ad content,Sessions,Engaged sessions,Engagement rate,Average engagement time per session,Events per session,Event count,Key events,Session key event rate,Total revenue\n${A},284,180,0.63,33.1,5.5,1600,3,0.01,96.1\n${B},12,8,0.66,20,5,60,0,0,0\n(not set),900,10,0.1,1,1,1,0,0,0\n,1196,198,0.5,1,1,1661,3,0,96.1\n`,
      sessions,
    ],
    [
      'ga4 de with date',
      `# ----------------------------------------\n# Bericht\n# Startdatum: 20260801\n# Enddatum: 20260831\n# ----------------------------------------\n\nDatum,Manueller Anzeigeninhalt der Sitzung,Sitzungen,Schlüsselereignisse,Gesamtumsatz\n20260801,${A},284,3,"96,10"\n20260801,${B},12,0,0\n`,
      sessions,
      'has days',
    ],
    [
      'klaviyo campaigns',
      `Campaign Name,Tags,Subject,List,Send Time,Send Weekday,Total Recipients,Unique Placed Order,Placed Order Rate,Revenue,Unique Opens,Open Rate,Total Opens,Unique Clicks,Click Rate,Total Clicks,Unsubscribes,Successful Deliveries,Campaign ID,Campaign Channel\nAug ${A},,Why this,Main,2026-08-15 10:00:00,Saturday,10000,3,0.41%,640.00,1400,47.5%,1900,284,4.07%,360,6,9586,01HX,email\n${B},,Go,Main,2026-08-16 10:00:00,Sunday,1600,0,0.00%,0.00,100,7.5%,109,12,1.07%,16,0,1586,01HY,email\n`,
      ads,
      'has days',
    ],
    [
      'mailchimp',
      `Title,Subject,List,Send Date,Send Weekday,Total Recipients,Successful Deliveries,Soft Bounces,Hard Bounces,Total Bounces,Times Forwarded,Forwarded Opens,Unique Opens,Open Rate,Total Opens,Unique Clicks,Click Rate,Total Clicks,Unsubscribes,Abuse Complaints,Unique Id,Total Orders,Total Gross Sales,Total Revenue\n"August ${A}",New,Shop,"Aug 15, 2026 10:00 am",Saturday,"10,000","9,586",5,5,10,0,0,500,42.02%,710,284,4.20%,377,3,0,abc123,3,$96.00,$96.00\n${B},20% off,Shop,"Aug 22, 2026 10:00 am",Saturday,"1,605","1,586",4,5,9,0,0,611,51.09%,820,12,8.44%,140,2,0,abc124,0,$0.00,$0.00\n`,
      ads,
      'has days',
    ],
    [
      'buffer posts',
      `Post,Post Link,Date,Channel,Type,Impressions,Reach,Reactions,Comments,Shares,Clicks,Engagement Rate\n"Warm light. https://s.ex/?utm_content=${A}",https://x.com/1,2026-08-01T10:00:00Z,Moth House,image,9586,5000,30,2,1,284,3.1%\n"Go https://s.ex/?utm_content=${B}",https://x.com/2,2026-08-02T10:00:00Z,Moth House,text,1586,900,3,0,0,12,0.8%\n`,
      posts,
      'has days',
    ],
    [
      'hootsuite',
      `Date (GMT),Post Permalink,Post Message,Network,Profile,Post Impressions,Post Reach,Reactions,Post Link Clicks\n"Aug 01, 2026 10:00 am",https://fb.com/1,"Warm https://s.ex/?utm_content=${A}",Facebook,Moth,"9,586","5,000",30,284\n"Aug 02, 2026 10:00 am",https://fb.com/2,"Go https://s.ex/?utm_content=${B}",Facebook,Moth,"1,586",900,3,12\n`,
      posts,
      'has days',
    ],
    [
      'linkedin campaign manager (preamble, UTF-16 tsv)',
      Buffer.from(
        '\ufeff' +
          `Ad Performance Report (in UTC)\r\nReport Start: 8/1/2026, 12:00 AM\r\nReport End: 8/31/2026, 11:59 PM\r\nDate Generated: 9/1/2026, 3:12 AM\r\n\r\nStart Date (in UTC)\tAccount Name\tCurrency\tCampaign Name\tCreative Name\tAd ID\tAd Headline\tClick URL\tTotal Spent\tImpressions\tClicks\tConversions\r\n8/21/2026\tMoth\tEUR\tBrand\tc\t1001\tWarm\thttps://s.ex/?utm_content=${A}\t145.00\t9586\t284\t3\r\n8/21/2026\tMoth\tEUR\tBrand\td\t1002\tGo\thttps://s.ex/?utm_content=${B}\t6.00\t1586\t12\t0\r\n`,
        'utf16le',
      ),
      ads,
      'has days',
    ],
    [
      'microsoft ads',
      `"Report Name: Ad report"\n"Report Time: 8/1/2026,8/31/2026"\n"Time Zone: (GMT+01:00) Berlin"\n"Last Completed Available Day: 9/1/2026"\n"Rows: 2"\n\n"Gregorian date","Account name","Ad ID","Title Part 1","Ad description","Final Url","Impressions","Clicks","Spend","Conversions"\n"8/21/2026","Moth","1","Warm","x","https://s.ex/?utm_content=${A}","9586","284","145.00","3"\n"8/21/2026","Moth","2","Go","x","https://s.ex/?utm_content=${B}","1586","12","6.00","0"\n\n"©2026 Microsoft Corporation. All rights reserved. "\n`,
      ads,
      'has days',
    ],
    [
      'tiktok',
      `Ad name,Ad ID,Text,By Day,Cost,Impressions,Clicks (destination),CTR (destination),Conversions\n${A},1,Warm,2026-08-01,145.00,9586,284,2.96%,3\n${B},2,Go,2026-08-01,6.00,1586,12,0.76%,0\nTotal of 2 results,-,-,-,151.00,11172,296,2.65%,3\n`,
      ads,
      'has days',
    ],
    [
      'pinterest',
      `Date,Campaign name,Pin promotion name,Pin promotion ID,Destination URL,Impressions,Pin clicks,Outbound clicks,Spend in account currency,Total conversions (Checkout)\n2026-08-01,Brand,a,1,https://s.ex/?utm_content=${A},9586,284,280,145,3\n2026-08-01,Brand,b,2,https://s.ex/?utm_content=${B},1586,12,10,6,0\n`,
      ads,
      'has days',
    ],
    [
      'matomo',
      `Label,Visits,Unique visitors,Actions,Conversions,utm_content,Impressions,Clicks\nx,284,200,300,3,${A},9586,284\ny,12,10,12,0,${B},1586,12\n`,
      ads,
    ],
    [
      'brevo',
      `Campaign name,Subject,Sent date,Recipients,Delivered,Unique opens,Unique clicks,Orders,Unsubscribed\n${A},Warm,15-08-2026 10:00:00,10000,9586,1400,284,3,6\n${B},Go,16-08-2026 10:00:00,1600,1586,100,12,0,0\n`,
      ads,
      'has days',
    ],
    [
      'snapchat',
      `Start Time,Ad Name,Ad ID,Paid Impressions,Swipe Ups,Spend,Purchases\n2026-08-01,${A},u1,9586,284,145,3\n2026-08-01,${B},u2,1586,12,6,0\n`,
      ads,
      'has days',
    ],
    [
      'google ads es semicolons',
      `Informe de anuncios;;;;;\n1 de agosto de 2026 - 31 de agosto de 2026;;;;;\nEstado del anuncio;URL final;Título 1;Descripción 1;Clics;Impr.;Coste;Conversiones\nHabilitado;https://s.ex/?utm_content=${A};Compra;Luz;284;9.586;145,00;3,25\nHabilitado;https://s.ex/?utm_content=${B};Ve;Luz;12;1.586;6,00;0,00\nTotal: cuenta; --; --; --;296;11.172;151,00;3,25\n`,
      ads,
    ],
  ])('is read row by row: %s', async (_, report, expected, named) => {
    const rows = await read(report, named !== undefined ? undefined : '2026-11-30');
    expect(rows.filter((row) => 'fault' in row)).toEqual([]);
    expect(
      counts(rows).map(({ impressions, clicks, conversions }) => [impressions, clicks, conversions]),
    ).toEqual(expected);
  });
});
