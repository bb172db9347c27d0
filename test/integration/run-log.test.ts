/** What attempts log is kept with their run and read over HTTP, wherever they ran. */
import { afterEach, expect, it } from 'vitest';
import { idleHandlers } from '../../fixtures/idle-handlers.ts';
import { createLogger } from '../../src/core/log.ts';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';

interface Shown {
  stage: string;
  candidate: string | null;
  attempt: number;
  outcome: string;
  lines: { line: number; at: string; level: string; message: string }[];
}

let harness: ServerHarness | undefined;
afterEach(() => harness?.close());

it('an attempt leaves its last lines with the run, cut and without secrets, and each attempt has its own', async () => {
  harness = await openServerHarness({
    queues: { backoffMs: 20 },
    tracking: { token: 'tracking-token-of-ours' },
  });
  const server = await harness.openServer();
  await harness.openWorkers(() => ({
    ...idleHandlers,
    'version-data': async (payload, context) => {
      if (context.attempt === 1) {
        for (let line = 1; line <= 600; line += 1) context.log.info({ line }, 'a line');
        throw new Error('a hiccup');
      }
      context.log.debug('what only a developer asks for');
      context.log.info({ password: 'hunter2' }, 'read https://ann:pa55@shop.example/feed?token=abc1.');
      context.log.warn('sent tracking-token-of-ours as Bearer 0123456789abcdef');
      context.log.info('x'.repeat(5000));
      return await idleHandlers['version-data'](payload, context);
    },
  }));
  const { body } = await postJson(`${server.url}/runs`, {});
  const runId = String(body['run_id']);
  const read = async (query: string): Promise<Shown> =>
    (await (await fetch(`${server.url}/runs/${runId}/log?${query}`)).json()) as Shown;

  await expect.poll(async () => (await read('stage=version-data')).lines.length, { timeout: 30_000 }).toBe(3);
  const second = await read('stage=version-data');
  expect(second).toMatchObject({ candidate: null, attempt: 2, outcome: 'succeeded' });
  expect(second.lines.map(({ line, level }) => [line, level])).toEqual([
    [1, 'info'],
    [2, 'warn'],
    [3, 'info'],
  ]);
  const [first, masked, long] = second.lines.map(({ message }) => message);
  expect(first).toBe('read https://shop.example/feed.  password=[Redacted]');
  expect(masked).toBe('sent ******** as Bearer ********');
  expect(long).toBe(`${'x'.repeat(1999)}…`);
  expect((await read('stage=version-data&after=2')).lines.map(({ line }) => line)).toEqual([3]);

  const failed = await read('stage=version-data&attempt=1');
  expect(failed.outcome).toBe('failed');
  expect(failed.lines.map(({ line }) => line)).toEqual(Array.from({ length: 500 }, (_, at) => at + 102));
  expect(failed.lines[0]?.message).toBe('a line  line=102');
  expect(failed.lines.at(-1)?.message).toContain('err.message="a hiccup"');
  expect((await fetch(`${server.url}/runs/${runId}/log?stage=nothing`)).status).toBe(404);
  expect((await fetch(`${server.url}/runs/nothing/log`)).status).toBe(404);
});

it('lines of an attempt go to the log of the process as well, each once', async () => {
  const written: string[] = [];
  const destination = { name: 'the test', write: (line: string) => void written.push(line) };
  harness = await openServerHarness({ log: createLogger({ level: 'warn', format: 'json', destination }) });
  const server = await harness.openServer();
  await harness.openWorkers(() => ({
    ...idleHandlers,
    'version-data': async (payload, context) => {
      context.log.info('said quietly');
      context.log.warn({ rows: 3 }, 'said aloud');
      return await idleHandlers['version-data'](payload, context);
    },
  }));
  const { body } = await postJson(`${server.url}/runs`, {});
  const read = async (): Promise<Shown> =>
    (await (
      await fetch(`${server.url}/runs/${String(body['run_id'])}/log?stage=version-data`)
    ).json()) as Shown;
  await expect.poll(async () => (await read()).lines?.length, { timeout: 30_000 }).toBe(2);
  expect((await read()).lines.map(({ level, message }) => [level, message])).toEqual([
    ['info', 'said quietly'],
    ['warn', 'said aloud  rows=3'],
  ]);
  const ofProcess = written.filter((line) => line.includes('said '));
  expect(ofProcess.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['said aloud']);
});
