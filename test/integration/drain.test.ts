/** A server that is asked to stop while it is being asked for predictions, as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  createInstallation,
  runCopyloop,
  startCopyloop,
  type Copyloop,
  type Installation,
} from './copyloop-process.ts';

const PRODUCT = JSON.stringify({ title: 'Lamp', description: 'A lamp that lasts the whole night long.' });
const CONNECTIONS = 8;

let installation: Installation;
const running: Copyloop[] = [];
beforeAll(async () => {
  installation = await createInstallation();
});
afterAll(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGKILL');
    await ended;
  }
  await installation.close();
});

describe.each(['postgres', 'redis'] as const)('copyloop server with its queues in %s', (backend) => {
  const redisUrl = inject('redisUrl');

  async function startLoaded() {
    const server = await startCopyloop(['server'], {
      ...installation.env,
      ...(backend === 'redis' && redisUrl !== null && { REDIS_URL: redisUrl }),
    });
    running.push(server);
    const load = openLoad(server.url);
    await expect.poll(() => load.answered, { timeout: 60_000 }).toBeGreaterThan(24);
    return { server, load };
  }

  it.skipIf(backend === 'redis' && redisUrl === null)(
    'loses no answer when it is stopped under load on connections that stay open',
    async () => {
      const { server, load } = await startLoaded();
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(0);
      await load.over;
      expect(load.lost).toEqual([]);
      expect(server.output()).toMatch(/the server drains[\s\S]*the server has drained/);
    },
  );

  it.skipIf(backend === 'redis' && redisUrl === null)(
    'answers whoever has come and was not taken yet when it is stopped, and loses no answer beside them',
    async () => {
      const { server, load } = await startLoaded();
      // Nobody is taken from the listener until it goes on, and then it has the signal at once.
      server.child.kill('SIGSTOP');
      const waiting = Array.from({ length: 48 }, () => askOnce(server.url));
      await Promise.all(waiting.map(({ sent }) => sent));
      server.child.kill('SIGTERM');
      server.child.kill('SIGCONT');
      expect(await Promise.all(waiting.map(({ answer }) => answer))).toEqual(waiting.map(() => 200));
      expect(await server.ended).toBe(0);
      await load.over;
      expect(load.lost).toEqual([]);
    },
  );
});

it('is not ready from the signal on, and answers for server.drainDelayMs whoever has not heard of it', async () => {
  const server = await startCopyloop(['server'], {
    ...installation.env,
    COPYLOOP_SERVER__DRAIN_DELAY_MS: '3000',
  });
  running.push(server);
  server.child.kill('SIGTERM');
  await expect
    .poll(async () => (await fetch(`${server.url}/ready`)).status, { interval: 20, timeout: 10_000 })
    .toBe(503);
  const last = await fetch(`${server.url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: PRODUCT,
  });
  expect([last.status, last.headers.get('connection')]).toEqual([200, 'close']);
  expect(await server.ended).toBe(0);
});

it('waits for nobody who only watches: their streams of events end whole, and no answer is cut', async () => {
  const server = await startCopyloop(['server'], {
    ...installation.env,
    // Longer than the test may take.
    COPYLOOP_SERVER__SHUTDOWN_GRACE_MS: '600000',
  });
  running.push(server);
  const watching = await Promise.all([1, 2, 3].map(() => fetch(`${server.url}/events`)));
  server.child.kill('SIGTERM');
  for (const stream of watching) expect(await stream.text()).toContain(': still here');
  expect(await server.ended).toBe(0);
  expect(server.output()).toContain('the server has drained');
  expect(server.output()).not.toContain('were cut');
});

it('drains for SIGHUP as for SIGTERM', async () => {
  const server = await startCopyloop(['server'], installation.env);
  running.push(server);
  server.child.kill('SIGHUP');
  expect(await server.ended).toBe(0);
  expect(server.output()).toContain('the server has drained');
});

it.skipIf(inject('redisUrl') === null).each([
  ['is gone', 'SIGKILL'],
  ['takes commands and answers none', 'SIGSTOP'],
] as const)('a worker ends while Redis %s', async (_how, signal) => {
  const redis = await startRedis();
  try {
    const worker = runCopyloop(['worker'], {
      ...installation.env,
      REDIS_URL: redis.url,
      COPYLOOP_QUEUES__SHUTDOWN_GRACE_MS: '500',
      // So that its upkeep has something to ask Redis for.
      COPYLOOP_QUEUES__RECONCILE_INTERVAL_MS: '500',
      COPYLOOP_WORKER__PORT: '0',
    });
    running.push({ ...worker, url: '' });
    await expect.poll(worker.output, { timeout: 60_000 }).toContain('working on');
    redis.child.kill(signal);
    if (signal === 'SIGKILL') await expect.poll(worker.output).toContain('Redis does not answer');
    const probe = /asked how it is at (\S+)/.exec(worker.output())?.[1] ?? '';
    for (const [place, status] of [
      ['/health', 200],
      ['/ready?deep=1', 200],
      ['/metrics', 200],
      ['//', 404],
    ] as const)
      expect((await fetch(probe + place)).status, place).toBe(status);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(worker.output()).toMatch(/the workers have (?:not )?drained/);
  } finally {
    redis.child.kill('SIGKILL');
  }
});

it('a worker whose first connections to its queues break comes up, and ends when it is told to', async () => {
  const breaking = await openBreaking(installation.databaseUrl, { connections: 3 });
  try {
    const worker = runCopyloop(['worker'], { ...installation.env, DATABASE_URL: breaking.url });
    running.push({ ...worker, url: '' });
    await expect.poll(worker.output, { timeout: 60_000 }).toContain('working on');
    expect(breaking.broken()).toBe(3);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(worker.output()).toContain('the workers have drained');
  } finally {
    await breaking.close();
  }
});

/** Leads to the database, but breaks the first connections that are for the queues. */
async function openBreaking(databaseUrl: string, { connections }: { connections: number }) {
  const url = new URL(databaseUrl);
  const target = Number(url.port);
  const sockets = new Set<Socket>();
  let broken = 0;
  const server = createServer((near) => {
    near.once('data', (startup: Buffer) => {
      if (broken < connections && startup.includes('copyloop queues')) {
        broken += 1;
        near.destroy();
        return;
      }
      const far = connect(target, '127.0.0.1');
      for (const [one, other] of [[near, far] as const, [far, near] as const]) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
      }
      far.write(startup);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = String((server.address() as AddressInfo).port);
  // The directory of a socket.
  url.search = '';
  return {
    url: url.href,
    broken: () => broken,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function startRedis(): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '']);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('Ready to accept connections');
  return { child, url: `redis://127.0.0.1:${port}` };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

/**
 * Callers that ask again as soon as they are answered, each on a connection that it keeps, until no
 * connection is to be had.
 */
function openLoad(url: string) {
  const load = { answered: 0, lost: [] as string[], over: Promise.resolve() };
  const caller = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (;;) {
      const answer = await ask(url, agent);
      if (answer === 'refused') return agent.destroy();
      if (answer !== 200) load.lost.push(String(answer));
      load.answered += 1;
    }
  };
  load.over = Promise.all(Array.from({ length: CONNECTIONS }, caller)).then(() => undefined);
  return load;
}

/** A connection of its own, with its request sent as soon as the system has taken it. */
function askOnce(url: string): { sent: Promise<void>; answer: Promise<number | string> } {
  const agent = new Agent();
  let onSent: () => void = () => undefined;
  const sent = new Promise<void>((resolve) => (onSent = resolve));
  return { sent, answer: ask(url, agent, onSent) };
}

/**
 * The status of the answer, `refused` where nobody listens, or the error that ended the request on its way.
 */
async function ask(url: string, agent: Agent, onSent?: () => void): Promise<number | string> {
  return await new Promise((resolve) => {
    const sent = request(
      `${url}/predict`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (answer) => {
        answer.on('data', () => undefined);
        answer.on('error', (error) => resolve(error.message));
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : error.message),
    );
    sent.end(PRODUCT, onSent);
  });
}
