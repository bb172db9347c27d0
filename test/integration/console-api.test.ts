import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFeedbackRows } from '../../src/data/index.ts';
import { createApiKey, revokeApiKey, type Server } from '../../src/server/index.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
let key: { id: string; key: string };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-console-'));
  ({ harness, server } = await openServingHarness(folder, { server: { apiKeys: 'required' } }));
  key = await createApiKey(harness.database.db, { name: 'reviewer', role: 'writer' });
});

afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const signIn = async (name: string): Promise<Response> =>
  await fetch(`${server.url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: name }),
  });

const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

describe('signing in', () => {
  it('exchanges a key for a cookie that scripts and other sites cannot use', async () => {
    const answer = await signIn(key.key);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ needed: true, key: { name: 'reviewer', role: 'writer' } });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toContain(key.key);
  });

  it('opens the API, the API page and the queues, and says who one is', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)) };
    for (const place of ['/runs', '/docs', '/queues', '/session'])
      expect((await fetch(server.url + place, { headers })).status).toBe(200);
    expect((await fetch(`${server.url}/serving/traffic`, { method: 'PUT', headers })).status).toBe(403);
  });

  it('is refused to other sites, also with the cookie', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)), origin: 'http://elsewhere.example' };
    expect((await fetch(`${server.url}/runs`, { method: 'POST', headers })).status).toBe(403);
  });

  it('refuses a key that is not in force, and asks for one where none is given', async () => {
    expect((await signIn('clp_unknown')).status).toBe(401);
    expect((await fetch(`${server.url}/runs`)).status).toBe(401);
    expect(await (await fetch(`${server.url}/session`)).json()).toMatchObject({ needed: true, key: null });
  });

  it('ends with signing out', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)) };
    expect((await fetch(`${server.url}/session`, { method: 'DELETE', headers })).status).toBe(200);
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });

  it('ends with its key', async () => {
    const other = await createApiKey(harness.database.db, { name: 'leaver', role: 'reader' });
    const headers = { cookie: cookieOf(await signIn(other.key)) };
    await revokeApiKey(harness.database.db, other.id);
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });

  it('ends when it was not used for its time', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)) };
    await sql`UPDATE console_sessions SET expires_at = now() - interval '1 second'`.execute(
      harness.database.db,
    );
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });
});

/** Events as they come, until one is of the topic. */
async function waitForEvent(answer: Response, topic: string): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const found = new RegExp(`event: ${topic}\\ndata: ${topic}\\nid: (\\S+)`).exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error(`the stream ended without ${topic}: ${text}`);
}

describe('events', () => {
  const watch = async (query: string, headers: Record<string, string> = {}): Promise<Response> =>
    await fetch(`${server.url}/events${query}`, { headers: { 'x-api-key': key.key, ...headers } });

  it('tell of a run that starts and is cancelled, on every server', async () => {
    const other = await harness.openServer();
    const here = await watch('?topics=runs');
    const there = await fetch(`${other.url}/events?topics=runs`, { headers: { 'x-api-key': key.key } });
    const heard = Promise.all([waitForEvent(here, 'runs'), waitForEvent(there, 'runs')]);
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    expect((await heard).every((id) => id !== '')).toBe(true);
    await harness.runs.cancelRun(runId);
  });

  it('bring what was missed after a lost connection, by the last id that was heard', async () => {
    const first = await watch('?topics=models');
    const heard = waitForEvent(first, 'models');
    await harness.setAlias('challenger', 1);
    const id = await heard;
    await sql`UPDATE model_versions SET description = 'changed meanwhile'`.execute(harness.database.db);
    const again = await watch('?topics=models', { 'last-event-id': id });
    expect(await waitForEvent(again, 'models')).not.toBe(id);
  });

  it('tell whoever comes from another server that anything may have changed', async () => {
    const answer = await watch('?topics=datasets', { 'last-event-id': 'elsewhere-7' });
    const { value } = await (answer.body?.getReader() ?? expect.fail('no body')).read();
    expect(new TextDecoder().decode(value as Uint8Array)).toContain('event: datasets');
  });

  it('refuse a topic that there is not, by name', async () => {
    const answer = await watch('?topics=runs,weather');
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('weather') as string]);
  });
});

describe('runs', () => {
  it('are listed with their stages and found by recipe, dataset and time', async () => {
    const { db } = harness.database;
    const request = { recipes: ['head', 'full'] };
    const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
    await harness.runs.cancelRun(runId);
    await sql`INSERT INTO stage_states (run_id, stage, candidate, status, result, worker_id)
      VALUES (${runId}, 'version-data', '', 'succeeded', '{"datasetVersion": 41}', 'w'),
        (${runId}, 'train-model', 'head', 'failed', NULL, 'w'), (${runId}, 'train-model', 'full', 'succeeded', '{}', 'w'),
        (${runId}, 'register-model', '', 'succeeded', '{"decision": "refuse", "modelVersion": null}', 'w')`.execute(
      db,
    );
    const list = async (query: string) => {
      const answer = await fetch(`${server.url}/runs?${query}`, { headers: { 'x-api-key': key.key } });
      return (await answer.json()) as { runs: Record<string, unknown>[]; count: number };
    };
    const found = await list('recipe=full&dataset=41&from=2020-01-01T00:00:00Z');
    expect(found).toMatchObject({
      count: 1,
      median_seconds: null,
      runs: [{ id: runId, recipes: ['head', 'full'], dataset_version: 41, decision: 'refuse' }],
    });
    expect(found.runs[0]?.['stages']).toEqual([
      { stage: 'generate-data', status: 'cancelled' },
      { stage: 'version-data', status: 'succeeded' },
      { stage: 'train-model', status: 'succeeded' },
      { stage: 'register-model', status: 'succeeded' },
      { stage: 'summarize-run', status: 'cancelled' },
    ]);
    expect((await list('recipe=reference')).count).toBe(0);
    expect((await list('dataset=42')).count).toBe(0);
  });
});

describe('the loop', () => {
  it('is told in numbers, and counts what waits for a run no further than ten thousand', async () => {
    const { db } = harness.database;
    const ask = async () => {
      const answer = await fetch(`${server.url}/loop`, { headers: { 'x-api-key': key.key } });
      return (await answer.json()) as Record<string, unknown>;
    };
    const before = (await ask()) as { predictions: number; feedback: number };
    await sql`INSERT INTO predictions (id, title, description, request, response, copy_text, confidence_score,
        model_name, model_version, writer, request_id)
      VALUES (repeat('e', 32), 'Mug', 'Keeps tea hot.', '{}', '{}', 'A mug.', 0.5, 'copy-quality', 1, 'templates', 'r')`.execute(
      db,
    );
    await sql`INSERT INTO feedback (prediction_id, outcome, idempotency_key)
      SELECT repeat('e', 32), 'accepted', n::text FROM generate_series(1, 10050) AS n`.execute(db);
    expect(await ask()).toMatchObject({
      predictions: before.predictions + 1,
      feedback: before.feedback + 10_050,
      feedback_waiting: 10_000,
    });
    await sql`DELETE FROM predictions WHERE id = repeat('e', 32)`.execute(db);
  });
});

describe('datasets', () => {
  it('are listed, and a missing one is 404', async () => {
    const headers = { 'x-api-key': key.key };
    const list = await fetch(`${server.url}/datasets`, { headers });
    expect(await list.json()).toEqual({ status: 'success', datasets: [] });
    expect((await fetch(`${server.url}/datasets/7`, { headers })).status).toBe(404);
    expect((await fetch(`${server.url}/datasets/7/rows`, { headers })).status).toBe(404);
  });
});

describe('texts on their way to being published', () => {
  let texts: string[];
  let other: { id: string; key: string };
  const send = (path: string, body: object, by = key.key) =>
    postJson(`${server.url}/texts/${path}`, body, { 'x-api-key': by });
  const read = async (place: string, by = key.key) =>
    (await (await fetch(`${server.url}${place}`, { headers: { 'x-api-key': by } })).json()) as {
      texts: { number: number; text_id: string; state: string }[];
      text: Record<string, unknown>;
      history: { kind: string; told: string; by: string }[];
      count: number;
      feedback: Record<string, unknown>[];
      predictions: { id: string; title: string }[];
      next: string | null;
    };

  beforeAll(async () => {
    other = await createApiKey(harness.database.db, { name: 'second reviewer', role: 'writer' });
    const product = { title: 'Desk Lamp', description: 'A warm light for the desk. Dims in three steps.' };
    const headers = { 'x-api-key': key.key };
    const { body } = await postJson(`${server.url}/predict`, { ...product, count: 4 }, headers);
    const { alternatives } = body as { alternatives: Record<string, { text_id: string }[]> };
    texts = (alternatives['ad_copy'] ?? []).map(({ text_id }) => text_id);
  });

  it('are drafts until somebody sends them on, and then are listed with who and when', async () => {
    const [id = ''] = texts;
    expect(await read(`/texts/${id}`)).toMatchObject({
      text: { state: 'draft', changed_by: null, edited: false },
      history: [],
    });
    expect(await send(`${id}/state`, { state: 'in_review' })).toMatchObject({
      status: 200,
      body: { text: { state: 'in_review', product: { title: 'Desk Lamp' } } },
    });
    const { text } = await read(`/texts/${id}`);
    expect(text['changed_by']).toContain('reviewer');
    expect((await read('/texts?state=in_review&field=ad_copy&min_score=0')).texts).toMatchObject([
      { text_id: id },
    ]);
    expect((await read('/texts?state=in_review&min_score=1')).count).toBe(0);
  });

  it('tell the second of two reviewers who was there first, and learn from the first alone', async () => {
    const [id = ''] = texts;
    const both = await Promise.all([
      send(`${id}/state`, { state: 'approved', from: 'in_review', comment: 'ready' }),
      send(`${id}/state`, { state: 'rejected', from: 'in_review' }, other.key),
    ]);
    const [won, lost] = both.toSorted((a, b) => a.status - b.status);
    expect([won?.status, lost?.status]).toEqual([200, 409]);
    const decided = won?.body as { text: { state: string; changed_by: string } };
    expect(lost?.body).toMatchObject({
      error: { code: 'conflict', state: decided.text.state, decided_by: decided.text.changed_by },
    });
    const { feedback } = await read(`/feedback?prediction_id=${id.slice(0, 32)}`);
    expect(feedback).toMatchObject([
      { text_id: id, outcome: decided.text.state === 'approved' ? 'accepted' : 'rejected' },
    ]);
  });

  it('keep what a person made of them: an edited text is learned from as one', async () => {
    const id = texts[1] ?? '';
    await send(`${id}/state`, { state: 'in_review', edited_text: 'Warm light, three steps.' });
    expect(await send(`${id}/state`, { state: 'approved' })).toMatchObject({
      body: { text: { state: 'approved', text: 'Warm light, three steps.', edited: true } },
    });
    await send(`${id}/state`, { state: 'published' });
    const { feedback } = await read(`/feedback?prediction_id=${id.slice(0, 32)}&outcome=edited`);
    expect(feedback).toMatchObject([{ text_id: id, edited_text: 'Warm light, three steps.' }]);
    expect((await read(`/texts/${id}`)).history.map(({ told }) => told)).toEqual([
      'in_review',
      'approved',
      'published',
    ]);
  });

  it('are given to somebody, commented on, and moved many at once, each by itself', async () => {
    const [first = '', , third = '', fourth = ''] = texts;
    await send(`${third}/assignee`, { assignee: 'second reviewer' });
    await send(`${third}/comments`, { comment: 'too <b>loud</b>?' });
    expect((await read('/texts?assignee=second%20reviewer')).texts).toMatchObject([
      { text_id: third, state: 'draft' },
    ]);
    expect((await read(`/texts/${third}`)).history).toMatchObject([
      { kind: 'assigned', told: 'second reviewer' },
      { kind: 'comment', told: 'too <b>loud</b>?' },
    ]);
    const { body } = await send('state', { state: 'approved', text_ids: [first, third, fourth, fourth] });
    expect(body).toMatchObject({ moved: 2, refused: [{ text_id: first, code: 'conflict' }] });
  });

  it('teach of a pair which one is better, once, and only where the two can be compared', async () => {
    const product = { title: 'Oak Tray', description: 'A tray of oak. It carries eight cups.' };
    const headers = { 'x-api-key': key.key };
    const { body } = await postJson(`${server.url}/predict`, { ...product, count: 4 }, headers);
    const { alternatives } = body as { alternatives: Record<string, { text_id: string }[]> };
    const [better = '', worse = ''] = (alternatives['ad_copy'] ?? []).map(({ text_id }) => text_id);
    const [caption = ''] = (alternatives['social_media_caption'] ?? []).map(({ text_id }) => text_id);
    expect(await send('pairs', { better, worse })).toMatchObject({ status: 200, body: { is_new: true } });
    expect(await send('pairs', { better, worse })).toMatchObject({ status: 200, body: { is_new: false } });
    for (const [first, second] of [
      [better, better],
      [better, caption],
      [better, texts[0] ?? ''],
    ])
      expect(await send('pairs', { better: first, worse: second })).toMatchObject({ status: 400 });
    const { feedback } = await read(`/feedback?prediction_id=${better.slice(0, 32)}`);
    expect(feedback).toMatchObject([
      { text_id: worse, outcome: 'worse' },
      { text_id: better, outcome: 'better' },
    ]);
    const rows = [];
    for await (const row of readFeedbackRows(harness.database.db, { weight: 1, ratingThreshold: 3 }))
      if (row.title.includes('Oak Tray') || row.description.includes('Oak Tray')) rows.push(row);
    expect(rows.map(({ label, target }) => [label, target])).toEqual([
      [1, 0.75],
      [0, 0.25],
    ]);
    await fetch(`${server.url}/predictions/${better.slice(0, 32)}`, { method: 'DELETE', headers });
  });

  it('are read a page at a time, and refused where there are none', async () => {
    const { texts: all, count } = await read('/texts');
    const { texts: page } = await read(`/texts?limit=2&before=${all[1]?.number}`);
    expect([count, page]).toEqual([all.length, all.slice(2, 4)]);
    const absent = `${'0'.repeat(32)}.ad_copy.0`;
    expect((await send(`${absent}/state`, { state: 'approved' })).status).toBe(404);
    expect((await send(`${texts[0]?.slice(0, 32)}.ad_copy.99/state`, { state: 'approved' })).status).toBe(
      404,
    );
    expect((await send('no-text-id/state', { state: 'approved' })).status).toBe(400);
    const id = texts[2] ?? '';
    expect((await send(`${id}/state`, { state: 'rejected', edited_text: 'x' })).status).toBe(400);
    expect((await send(`${id}/state`, { state: 'approved', edited_text: ' ' })).status).toBe(400);
  });

  it('lie in predictions that are listed a page at a time, and go with the one that is erased', async () => {
    for (const title of ['Mug', 'Tray'])
      await postJson(`${server.url}/predict`, { title, description: 'b' }, { 'x-api-key': key.key });
    const first = await read('/predictions?limit=2');
    const second = await read(`/predictions?limit=2&before=${first.next}`);
    expect([...first.predictions, ...second.predictions].map(({ title }) => title)).toEqual([
      'Tray',
      'Mug',
      'Desk Lamp',
    ]);
    expect(second.next).toBeNull();
    await fetch(`${server.url}/predictions/${second.predictions[0]?.id}`, {
      method: 'DELETE',
      headers: { 'x-api-key': key.key },
    });
    expect((await read('/texts')).count).toBe(0);
  });
});

describe('what an admin looks after', () => {
  it('shows settings with their origin and without secrets, sizes, and webhooks', async () => {
    const admin = await createApiKey(harness.database.db, { name: 'keeper', role: 'admin' });
    const read = async (place: string): Promise<unknown> => {
      const answer = await fetch(`${server.url}${place}`, { headers: { 'x-api-key': admin.key } });
      return await answer.json();
    };
    const { settings } = (await read('/admin/config')) as { settings: { key: string }[] };
    expect(settings.find(({ key: name }) => name === 'server.port')).toMatchObject({ origin: 'default' });
    const { bytes, tables } = (await read('/admin/storage')) as { bytes: number; tables: { name: string }[] };
    expect(bytes).toBeGreaterThan(0);
    expect(tables.map(({ name }) => name)).toContain('predictions');
    expect(await read('/admin/webhooks')).toEqual({ status: 'success', webhooks: [] });
    const retry = await fetch(`${server.url}/admin/webhooks/none/retry`, {
      method: 'POST',
      headers: { 'x-api-key': admin.key },
    });
    expect(retry.status).toBe(404);
  });
});

describe('keys by route', () => {
  it('are made, listed without what they are, and revoked by admins', async () => {
    const admin = await createApiKey(harness.database.db, { name: 'head', role: 'admin' });
    const headers = { 'x-api-key': admin.key };
    const made = await postJson(`${server.url}/keys`, { name: 'shop', role: 'writer' }, headers);
    expect(made).toMatchObject({ status: 201, body: { key: expect.stringMatching(/^clp_/) as string } });
    const { id, key: secret } = made.body as { id: string; key: string };
    const list = async () => await (await fetch(`${server.url}/keys`, { headers })).text();
    expect(await list()).toContain('"name":"shop","role":"writer"');
    expect(await list()).not.toContain(secret);
    const revoke = () => fetch(`${server.url}/keys/${id}`, { method: 'DELETE', headers });
    expect([(await revoke()).status, (await revoke()).status]).toEqual([204, 404]);
    expect((await fetch(`${server.url}/runs`, { headers: { 'x-api-key': secret } })).status).toBe(401);
    expect((await fetch(`${server.url}/keys`, { headers: { 'x-api-key': key.key } })).status).toBe(403);
  });
});
