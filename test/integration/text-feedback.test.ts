/**
 * Feedback on every text of an answer, over HTTP on a real server: by text id, in reports, sent again, and
 * refused.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importFeedback } from '../../src/data/index.ts';
import type { Server } from '../../src/server/index.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

const product = {
  title: 'Desk Lamp',
  description: 'A warm light for the desk. Dims in three steps.',
  count: 3,
};
const TODAY = new Date().toISOString().slice(0, 10);
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

let folder: string;
let harness: ServerHarness;
let server: Server;
let answer: Answer;

interface Answer {
  prediction_id: string;
  data: { ad_copy: string };
  channels: { google_rsa: { headlines: string[] } };
  alternatives: Record<string, { text: string; text_id: string }[]>;
  text_ids: Record<string, string>;
  links: Record<string, string>;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-text-feedback-'));
  ({ harness, server } = await openServingHarness(folder));
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await harness.database.db.deleteFrom('predictions').execute();
  await harness.database.db.deleteFrom('revenue_currencies').execute();
  const { body } = await postJson(`${server.url}/predict`, {
    ...product,
    channels: ['x', 'google_rsa'],
    link: 'https://shop.example/lamp?ref=1',
  });
  answer = body as unknown as Answer;
});

const tell = (body: object) => postJson(`${server.url}/feedback`, body);
const report = async (lines: readonly string[], query = '', type = 'text/csv') => {
  const response = await fetch(`${server.url}/feedback/batch${query}`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body: `${lines.join('\n')}\n`,
  });
  return { status: response.status, body: await response.json() };
};
const counted = () =>
  harness.database.db
    .selectFrom('feedback')
    .where('day', 'is not', null)
    .select(['field', 'place', 'source', 'impressions', 'clicks', 'revenue', 'currency'])
    .orderBy('field')
    .execute();

describe('an answer', () => {
  it('names every text that it returns and offers by prediction, field and place', () => {
    const id = answer.prediction_id;
    expect(answer.text_ids['ad_copy']).toBe(`${id}.ad_copy.0`);
    expect(answer.text_ids['x.text']).toBe(`${id}.x.text.0`);
    const headlines = answer.channels.google_rsa.headlines;
    expect(answer.text_ids['google_rsa.headlines']).toEqual(
      headlines.map((_, place) => `${id}.google_rsa.headlines.${place}`),
    );
    for (const [field, texts] of Object.entries(answer.alternatives))
      expect(texts.map(({ text_id }) => text_id)).toEqual(texts.map((_, place) => `${id}.${field}.${place}`));
    expect(answer.alternatives['ad_copy']?.[0]?.text).toBe(answer.data.ad_copy);
  });

  it('leads every returned text to the link that was asked for, with its text id as utm_content', () => {
    const link = new URL(answer.links['x.text'] ?? '');
    expect(link.searchParams.get('utm_content')).toBe(answer.text_ids['x.text']);
    expect(link.searchParams.get('ref')).toBe('1');
  });
});

describe('feedback on one text', () => {
  it('is kept for each text by itself', async () => {
    for (const text_id of [answer.text_ids['ad_copy'], answer.text_ids['x.text']]) {
      expect(await tell({ text_id, outcome: 'accepted' })).toMatchObject({ body: { is_new: true } });
      expect(await tell({ text_id, outcome: 'accepted' })).toMatchObject({ body: { is_new: false } });
    }
    // Without a text id it is about the ad copy.
    const { prediction_id } = answer;
    expect(await tell({ prediction_id, outcome: 'accepted' })).toMatchObject({ body: { is_new: false } });
  });

  it('counts a day once: sent again it replaces, and less is refused unless it is restated', async () => {
    const text_id = answer.text_ids['x.text'];
    const day = {
      text_id,
      day: TODAY,
      source: 'ads',
      impressions: 100,
      clicks: 4,
      revenue: 9.5,
      currency: 'EUR',
    };
    expect(await tell(day)).toMatchObject({ status: 200, body: { is_new: true } });
    expect(await tell(day)).toMatchObject({ status: 200, body: { is_new: false } });
    expect(await tell({ ...day, impressions: 150, clicks: 5 })).toMatchObject({ status: 200 });
    expect(await tell({ ...day, impressions: 120 })).toMatchObject({
      status: 409,
      body: {
        error: { message: expect.stringMatching(/impressions is 120, less than the 150 counted before/) },
      },
    });
    expect(await counted()).toEqual([
      {
        field: 'x.text',
        place: 0,
        source: 'ads',
        impressions: 150,
        clicks: 5,
        revenue: 9.5,
        currency: 'EUR',
      },
    ]);
    expect(await tell({ ...day, impressions: 120, restated: true })).toMatchObject({ status: 200 });
    expect(await counted()).toMatchObject([{ impressions: 120, clicks: 4 }]);
    // Clicks that a row does not tell stay as they were, and are never more than the impressions.
    const { clicks: _, ...untold } = day;
    expect(await tell({ ...untold, impressions: 3, restated: true })).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringMatching(/is 3, less than the 4 clicks counted before/) } },
    });
    expect(await tell({ ...untold, impressions: 4, restated: true })).toMatchObject({ status: 200 });
    expect(await counted()).toMatchObject([{ impressions: 4, clicks: 4 }]);
  });

  it.each([
    [
      'a text id of another prediction',
      { prediction_id: 'a'.repeat(32), outcome: 'accepted' },
      400,
      /another prediction/,
    ],
    ['clicks above impressions', { impressions: 1, clicks: 2 }, 400, /more than the 1 impressions/],
    ['a day in the future', { impressions: 1, day: TOMORROW }, 400, /is in the future/],
    ['no day of the calendar', { impressions: 1, day: '2026-02-30' }, 400, /must be a day/],
    ['a revenue without a currency', { impressions: 1, revenue: 1 }, 400, /currency/],
    ['nothing told', {}, 400, /is missing/],
  ])('is refused with %s', async (_, sent, status, message) => {
    const refused = await tell({ text_id: answer.text_ids['x.text'], ...sent });
    expect(refused).toMatchObject({ status, body: { error: { message: expect.stringMatching(message) } } });
    expect(await counted()).toEqual([]);
  });

  it('is refused for a field that was not returned, a place that is not there and an erased prediction', async () => {
    const id = answer.prediction_id;
    for (const text_id of [`${id}.instagram.caption.0`, `${id}.ad_copy.99`]) {
      expect(await tell({ text_id, outcome: 'accepted' })).toMatchObject({ status: 400 });
      expect(await tell({ text_id, impressions: 1 })).toMatchObject({ status: 404 });
    }
    await fetch(`${server.url}/predictions/${id}`, { method: 'DELETE' });
    expect(await tell({ text_id: `${id}.ad_copy.0`, impressions: 1 })).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringMatching(/was erased/) } },
    });
  });

  it('is refused in a second currency of one field', async () => {
    const revenue = { text_id: answer.text_ids['x.text'], impressions: 9, revenue: 1 };
    expect(await tell({ ...revenue, currency: 'EUR' })).toMatchObject({ status: 200 });
    expect(await tell({ ...revenue, source: 'b', currency: 'USD' })).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringMatching(/is USD, but x.text is counted in EUR/) } },
    });
  });
});

describe('a report', () => {
  it('with utm_content needs no map, and sent again doubles nothing', async () => {
    const lines = [
      'Date,Utm content,Impressions,Clicks',
      `20260102,${answer.text_ids['x.text']},200,9`,
      `20260102,${answer.text_ids['ad_copy']},100,3`,
      '20260102,(not set),50,1',
      `20260103,${answer.text_ids['ad_copy']},100,101`,
      `20260103,${answer.text_ids['ad_copy']},many,1`,
    ];
    expect(await report(lines)).toMatchObject({
      status: 200,
      body: {
        rows: 5,
        new: 2,
        refused: 3,
        refused_rows: [
          { line: 4, field: 'text_id', value: '(not set)' },
          { line: 5, field: 'clicks', reason: expect.stringMatching(/more than the 100 impressions/) },
          { line: 6, field: 'impressions', value: 'many' },
        ],
      },
    });
    expect(await report(lines)).toMatchObject({ body: { new: 0, replaced: 0, unchanged: 2, refused: 3 } });
    expect(await counted()).toMatchObject([
      { field: 'ad_copy', source: 'report', impressions: 100, clicks: 3 },
      { field: 'x.text', source: 'report', impressions: 200, clicks: 9 },
    ]);
    // A day that grew.
    const grown = [lines[0] ?? '', `2026-01-02,${answer.text_ids['x.text']},260,11`];
    expect(await report(grown)).toMatchObject({ body: { replaced: 1 } });
  });

  it('refuses each faulty row by line and reason, among hundreds that it takes, and says so again', async () => {
    const { body: erased } = await postJson(`${server.url}/predict`, product);
    const gone = (erased as unknown as Answer).text_ids['ad_copy'];
    await fetch(`${server.url}/predictions/${gone?.slice(0, 32)}`, { method: 'DELETE' });
    const [shown, copy] = [answer.text_ids['x.text'], answer.text_ids['ad_copy']];
    const row = (text_id: unknown, told: object = {}): object => ({
      text_id,
      day: '2026-01-02',
      impressions: 100,
      clicks: 4,
      ...told,
    });
    const faulty: [object, RegExp][] = [
      [row(gone), /was erased/],
      [row(`${'a'.repeat(32)}.ad_copy.0`), /is of no stored prediction/],
      [row(`${answer.prediction_id}.instagram.caption.0`), /not in the answer|no text/],
      [row(`${answer.prediction_id}.ad_copy.99`), /not in the answer|no text/],
      [row('lamp'), /text id/],
      [row(shown, { clicks: 101 }), /more than the 100 impressions/],
      [row(shown, { clicks: -1 }), />=0/],
      [row(shown, { clicks: 1.5 }), /whole|integer|int/],
      [row(shown, { impressions: 1e300 }), /./],
      [row(shown, { day: TOMORROW }), /is in the future/],
      [row(shown, { day: '2026-02-30' }), /day/],
      [row(shown, { revenue: 1 }), /is missing beside the revenue of 1/],
      [row(shown, { source: 'usd', revenue: 1, currency: 'USD' }), /is USD, but x.text is counted in EUR/],
    ];
    const lines: string[] = [JSON.stringify(row(shown, { revenue: 1, currency: 'EUR' }))];
    const expected: object[] = [];
    for (const [fault, reason] of faulty) {
      for (let i = 0; i < 33; i += 1) lines.push(JSON.stringify(row(copy, { source: `s${lines.length}` })));
      lines.push(JSON.stringify(fault));
      expected.push({ line: lines.length, reason: expect.stringMatching(reason) });
    }
    const taken = lines.length - faulty.length;
    const sent = await report(lines, '', 'application/x-ndjson');
    expect(sent).toMatchObject({ status: 200, body: { new: taken, refused_rows: expected } });
    const again = await report(lines, '', 'application/x-ndjson');
    expect(again).toMatchObject({ body: { new: 0, unchanged: taken, refused_rows: expected } });
    // Less than was counted before is a restatement only where the row says so.
    const less = [row(shown, { clicks: 3 }), row(shown, { clicks: 3, restated: true })];
    expect(
      await report(
        less.map((one) => JSON.stringify(one)),
        '',
        'application/x-ndjson',
      ),
    ).toMatchObject({
      body: { replaced: 1, refused_rows: [{ line: 1, reason: expect.stringMatching(/less than the 4/) }] },
    });
    expect(await counted()).toHaveLength(taken);
  });

  it('in JSONL takes verdicts and edits beside counts', async () => {
    const text_id = answer.text_ids['x.text'];
    const lines = [
      JSON.stringify({ text_id, outcome: 'edited', edited_text: 'A better one.' }),
      JSON.stringify({ text_id, day: '2026-01-02', impressions: 5, clicks: 5 }),
      '{"text_id": ',
    ];
    const sent = await report(lines, '', 'application/x-ndjson');
    expect(sent).toMatchObject({
      status: 200,
      body: { rows: 3, new: 2, refused: 1, refused_rows: [{ line: 3 }] },
    });
    expect(await report(lines, '', 'application/x-ndjson')).toMatchObject({ body: { new: 0, unchanged: 2 } });
  });

  it('takes the last of two rows of one text, source and day', async () => {
    const row = (impressions: number) => `2026-01-02,${answer.text_ids['x.text']},${impressions}`;
    await report(['day,text_id,impressions', row(5), row(8), row(7)]);
    expect(await counted()).toMatchObject([{ impressions: 8 }]);
  });

  it('without a column that names texts is refused as a whole', async () => {
    expect(await report(['day,impressions', '2026-01-02,3'])).toMatchObject({ status: 422 });
  });

  it('whose import is stopped in the middle is completed by the next', async () => {
    const source = answer.text_ids['x.text'];
    // Has the prediction written.
    await tell({ text_id: source, outcome: 'accepted' });
    const lines = Array.from({ length: 3000 }, (_, i) =>
      JSON.stringify({ text_id: source, source: `s${i}`, day: '2026-01-02', impressions: 2, clicks: 1 }),
    );
    const options = { source: 'report', isRestated: false, now: new Date() };
    const body = async function* () {
      yield Buffer.from(`${lines.join('\n')}\n`);
    };
    const file = () => ({ kind: 'bytes' as const, body: body(), name: 'report.jsonl' });
    const stop = new AbortController();
    const stopped = importFeedback(harness.database.db, file(), {
      ...options,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect(await counted()).toHaveLength(1000);
    expect(await importFeedback(harness.database.db, file(), options)).toMatchObject({
      rows: 3000,
      new: 2000,
      unchanged: 1000,
    });
    expect(await counted()).toHaveLength(3000);
  });
});
