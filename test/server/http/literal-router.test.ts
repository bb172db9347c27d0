import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { LiteralRouter } from '../../../src/server/http/literal-router.ts';

function createApp(): Hono {
  const app = new Hono({ router: new LiteralRouter() });
  app.use(async (c, next) => {
    await next();
    c.header('X-Seen', 'yes');
  });
  app.get('/runs/search', (c) => c.text('search'));
  app.post('/runs/search', (c) => c.text('posted'));
  app.get('/runs/:id', (c) => c.text(`run ${c.req.param('id')}`));
  app.get('/files/*', (c) => c.text(`file ${c.req.path}`));
  return app;
}

describe('the router that remembers literal paths', () => {
  it('answers the first time and each time after alike, by method', async () => {
    const app = createApp();
    for (let time = 0; time < 3; time += 1) {
      const found = await app.request('/runs/search');
      expect([await found.text(), found.headers.get('X-Seen')]).toEqual(['search', 'yes']);
      expect(await (await app.request('/runs/search', { method: 'POST' })).text()).toBe('posted');
      expect((await app.request('/runs/search', { method: 'DELETE' })).status).toBe(404);
    }
  });

  it('reads each path of a pattern anew', async () => {
    const app = createApp();
    for (const id of ['a', 'b', 'a', '*', ':id'])
      expect(await (await app.request(`/runs/${id}`)).text()).toBe(`run ${id}`);
    for (const file of ['x', 'y', '*'])
      expect(await (await app.request(`/files/${file}`)).text()).toBe(`file /files/${file}`);
    expect((await app.request('/elsewhere')).status).toBe(404);
  });
});
