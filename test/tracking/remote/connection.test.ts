/**
 * How requests to a remote MLflow server behave when it does not: against a local server that answers as the
 * test says.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/core/config/index.ts';
import { createMlflowConnection, type RemoteSettings } from '../../../src/tracking/remote/connection.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let uri: string;
let answers: Answer[];
let seen: IncomingMessage[];

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    seen.push(request);
    // The last answer is for all that follow.
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  answers = [];
  seen = [];
});

const status =
  (code: number, body = '', headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end(body);
const silence: Answer = () => undefined;
const open = (settings: Partial<RemoteSettings> = {}) =>
  createMlflowConnection({
    ...loadConfig({ env: {} }).config.tracking,
    uri,
    retries: 2,
    timeoutMs: 5000,
    ...settings,
  });
const read = { method: 'GET', path: 'runs/get', query: { run_id: 'r' }, isRepeatable: true } as const;
const create = { method: 'POST', path: 'runs/create', body: {}, isRepeatable: false } as const;

describe('a request to a remote MLflow server', () => {
  it('is sent again while the server is too busy or its proxy finds none', async () => {
    answers = [status(503), status(502), status(200, '{"a":1}')];
    expect(await open().call(read)).toEqual({ a: 1 });
    expect(seen.map((request) => request.url)).toEqual(Array(3).fill('/api/2.0/mlflow/runs/get?run_id=r'));
  });

  it('gives up when its retries are used up', async () => {
    answers = [status(503, 'down')];
    await expect(open().call(read)).rejects.toMatchObject({ code: 'unavailable' });
    expect(seen).toHaveLength(3);
  });

  it('is sent once when it may have made something already', async () => {
    answers = [status(502)];
    await expect(open().call(create)).rejects.toMatchObject({ code: 'unavailable' });
    answers = [silence];
    await expect(open({ timeoutMs: 1000 }).call(create)).rejects.toMatchObject({ code: 'timed-out' });
    expect(seen).toHaveLength(2);
  });

  it('is sent again even so when the server says that it did nothing', async () => {
    answers = [status(429, '', { 'retry-after': '0' }), status(200, '{}')];
    expect(await open().call(create)).toEqual({});
  });

  it('that nobody answers in time says how long was waited, and where', async () => {
    answers = [silence];
    await expect(open({ timeoutMs: 50, retries: 0 }).call(read)).rejects.toMatchObject({
      code: 'timed-out',
      message: expect.stringContaining('50 ms (tracking.timeoutMs)'),
    });
  });

  it('to nobody says that the server is out of reach', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const nobody = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((resolve) => closed.close(resolve));
    await expect(open({ uri: nobody, retries: 1 }).call(create)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`${nobody} (tracking.uri) is out of reach: ECONNREFUSED`),
    });
  });

  it.each([
    ['RESOURCE_DOES_NOT_EXIST', 404, 'not-found'],
    ['RESOURCE_ALREADY_EXISTS', 400, 'already-exists'],
    ['INVALID_PARAMETER_VALUE', 400, 'invalid-input'],
    ['PERMISSION_DENIED', 403, 'forbidden'],
    ['ENDPOINT_NOT_FOUND', 404, 'unsupported'],
    ['INTERNAL_ERROR', 500, 'unavailable'],
  ])('that is refused with %s fails with our code for it', async (error_code, httpStatus, code) => {
    answers = [status(httpStatus, JSON.stringify({ error_code, message: 'what it said' }))];
    await expect(open().call(read)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('what it said'),
    });
    expect(seen).toHaveLength(1);
  });

  it('says which settings to set when credentials are asked for, and never shows any', async () => {
    answers = [status(401, 'You are not authenticated')];
    const connection = open({ uri: uri.replace('//', '//ana:geheim@') });
    expect(connection.address).toBe(uri);
    const refused = await connection.call(read).catch((error: unknown) => error as Error);
    expect(refused).toMatchObject({ code: 'unauthenticated' });
    expect((refused as Error).message).toContain('tracking.token');
    expect((refused as Error).message).not.toContain('geheim');
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ana:geheim').toString('base64')}`);
  });

  it('carries a token, and does not follow a redirect with it', async () => {
    answers = [status(302, '', { location: 'http://127.0.0.1:1/elsewhere' })];
    await expect(open({ token: 't0ken', retries: 0 }).call(read)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(seen.map((request) => request.headers.authorization)).toEqual(['Bearer t0ken']);
  });

  it('that another program answers says so', async () => {
    answers = [status(200, '<html>')];
    await expect(open().call(read)).rejects.toThrow('is it an MLflow server?');
    answers = [status(404, '<html>')];
    await expect(open().call(read)).rejects.toMatchObject({ code: 'unsupported' });
  });
});
