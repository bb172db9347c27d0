import { describe, expect, it } from 'vitest';
import { callHttp, FailedTry, parseRetryAfterMs, retry } from '../../src/core/http-caller.ts';

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    ['2', 2000],
    ['0.5', 500],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['-1', 0],
    ['soon', 0],
    ['', 0],
    ['Infinity', 0],
    [null, 0],
  ])('%j is a wait of %d ms', (value, waitMs) => {
    expect(parseRetryAfterMs(value, nowMs)).toBe(waitMs);
  });
});

describe('a call that is tried again', () => {
  const policy = { retries: 2, firstDelayMs: 1, maxDelayMs: 5 };

  it('ends with what the last try explains, after as many as it may have', async () => {
    let tries = 0;
    const work = retry(async () => {
      tries += 1;
      const number = tries;
      throw new FailedTry(() => new Error(`try ${number}`), true);
    }, policy);
    await expect(work).rejects.toThrow('try 3');
    expect(tries).toBe(3);
  });

  it('ends at once with what no further try would better', async () => {
    let tries = 0;
    const failing = (error: Error) =>
      retry(async () => {
        tries += 1;
        throw error;
      }, policy);
    await expect(failing(new FailedTry(() => new Error('no'), false))).rejects.toThrow('no');
    await expect(failing(new TypeError('a fault of ours'))).rejects.toThrow('a fault of ours');
    expect(tries).toBe(2);
  });

  it('waits no longer than it may, whatever the server asks for', async () => {
    let tries = 0;
    const answer = await callHttp({
      url: 'http://unused.test/',
      init: {},
      ...policy,
      fetch: async () =>
        (tries += 1) === 1
          ? new Response('', { status: 503, headers: { 'retry-after': '86400' } })
          : new Response('done'),
      canRetry: () => true,
      explain: ({ kind }) => new Error(kind),
    });
    expect(await answer.text()).toBe('done');
  });

  it('gives a body that takes longer than its head all the time it needs, unless the body is timed', async () => {
    const slowBody: typeof fetch = async (_url, init) =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            const timer = setTimeout(() => {
              controller.enqueue(new TextEncoder().encode('late'));
              controller.close();
            }, 200);
            init?.signal?.addEventListener('abort', () => {
              clearTimeout(timer);
              controller.error(init.signal?.reason);
            });
          },
        }),
      );
    const call = {
      url: 'http://unused.test/',
      init: {},
      ...policy,
      timeoutMs: 50,
      fetch: slowBody,
      canRetry: () => false,
      explain: ({ kind }: { kind: string }) => new Error(kind),
    };
    expect(await (await callHttp(call)).text()).toBe('late');
    await expect((await callHttp({ ...call, timed: 'body' })).text()).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('names the reason for which nobody was reached', async () => {
    const call = callHttp({
      url: 'http://127.0.0.1:1/',
      init: {},
      retries: 0,
      firstDelayMs: 1,
      maxDelayMs: 1,
      canRetry: () => false,
      explain: (failure) => new Error(failure.kind === 'unreachable' ? failure.reason : failure.kind),
    });
    await expect(call).rejects.toThrow(/ECONNREFUSED|bad port/);
  });
});
