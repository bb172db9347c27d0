import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, errorTraits } from '../../../src/core/errors.ts';
import { plainText } from '../../../src/core/plain-text.ts';
import { createSilentLogger } from '../../../src/core/log.ts';
import { createRouter, handleError, handleNotFoundOf, limitBody } from '../../../src/server/http/index.ts';

function createTestApp() {
  const app = createRouter();
  app.onError(handleError);
  app.notFound(handleNotFoundOf(app));
  app.use((c, next) => {
    c.set('requestId', 'r1');
    c.set('log', createSilentLogger());
    return next();
  });
  app.use(limitBody(10));
  app.post('/echo', async (c) => c.text(await c.req.text()));
  app.get('/fail/:code', (c) => {
    const code = ERROR_CODES.find((known) => known === c.req.param('code'));
    if (code !== undefined) throw new AppError(code, 'the reason', { details: { field: 'f', limit: 3 } });
    throw new TypeError('secret password hunter2');
  });
  return app;
}

describe('an error', () => {
  it.each(ERROR_CODES.filter((code) => code !== 'internal'))(
    '%s is answered with its status, reason and details',
    async (code) => {
      const response = await createTestApp().request(`/fail/${code}`);
      expect(response.status).toBe(errorTraits(code).httpStatus);
      expect(await response.json()).toEqual({
        status: 'error',
        error: { code, message: 'the reason', field: 'f', limit: 3, request_id: 'r1' },
      });
    },
  );

  it('that nobody foresaw tells the request id and nothing of its text', async () => {
    const response = await createTestApp().request('/fail/unforeseen');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('r1');
    expect(text).not.toMatch(/hunter2|errors\.test/);
  });

  it('of a wrong method names those that its path takes, HEAD with GET', async () => {
    const response = await createTestApp().request('/fail/conflict', { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await response.json()).toMatchObject({ error: { code: 'wrong-method' } });
    expect((await createTestApp().request('/echo')).headers.get('allow')).toBe('POST');
  });

  it('names the route that is not there', async () => {
    const response = await createTestApp().request('/nowhere');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('GET /nowhere');
  });
});

describe('the limit of a body', () => {
  it('holds for a declared length and for a stream', async () => {
    const app = createTestApp();
    const declared = await app.request('/echo', {
      method: 'POST',
      body: 'x'.repeat(11),
      headers: { 'content-length': '11' },
    });
    expect(declared.status).toBe(413);
    const stream = new Blob(['x'.repeat(11)]).stream();
    const streamed = await app.request(
      new Request('http://localhost/echo', { method: 'POST', body: stream, duplex: 'half' }),
    );
    expect(streamed.status).toBe(413);
    expect(await streamed.json()).toMatchObject({ error: { field: 'body', limit: 10 } });
    expect((await app.request('/echo', { method: 'POST', body: 'x'.repeat(10) })).status).toBe(200);
  });
});

describe('plain text', () => {
  it.each(['lamp', '', 'two\nlines\ta tab\r\n', 'مصباح', '👨‍👩‍👧‍👦', 'e\u0301'])('takes %j', (text) => {
    expect(plainText(20).safeParse(text).success).toBe(true);
  });
  it.each(['a\u0000b', '\u001b[0m', '\u007f', '\ud83d', 'x'.repeat(21), 5, null])('refuses %j', (text) => {
    expect(plainText(20).safeParse(text).success).toBe(false);
  });
});
