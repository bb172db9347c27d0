import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { DAY_MS, sleep } from '../../src/core/clock.ts';
import { openRotatingFile } from '../../src/core/log-destination.ts';
import { createLogger, createLogHealth, type LogOptions } from '../../src/core/log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'copyloop-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(
  name: string,
  format: LogOptions['format'],
  use: (log: ReturnType<typeof createLogger>) => void,
): string {
  const destination = path.join(folder, name);
  use(createLogger({ level: 'info', format, destination, base: { role: 'test' } }));
  return readFileSync(destination, 'utf8');
}

it('deletes log files of any role that are older than logging.maxAgeDays, and nothing else', async () => {
  const logs = path.join(folder, 'aged');
  mkdirSync(logs);
  const names = ['cli.2026-01-01.1.log', 'start.2026-01-02.1.log', 'notes.txt'];
  for (const [index, name] of names.entries()) {
    writeFileSync(path.join(logs, name), 'x');
    const ago = new Date(Date.now() - (index === 1 ? 2 : 4) * DAY_MS);
    utimesSync(path.join(logs, name), ago, ago);
  }
  const limits = { maxFileBytes: 4096, maxFiles: 3, maxAgeDays: 3 };
  await openRotatingFile({ folder: logs, role: 'server', ...limits }, createLogHealth());
  const left = readdirSync(logs);
  expect(left).toEqual(expect.arrayContaining(['start.2026-01-02.1.log', 'notes.txt']));
  expect(left).not.toContain('cli.2026-01-01.1.log');
});

it('keeps logging.maxFiles of a role, the newest, whichever process wrote them', async () => {
  const logs = path.join(folder, 'counted');
  const limits = { maxFileBytes: 4096, maxFiles: 3, maxAgeDays: 3 };
  const open = () => openRotatingFile({ folder: logs, role: 'server', ...limits }, createLogHealth());
  const numbers = (): number[] =>
    readdirSync(logs)
      .map((name) => Number(/\.(\d+)\.log$/.exec(name)?.[1]))
      .toSorted((a, b) => a - b);
  const newest = (): number => numbers().at(-1) ?? 0;
  for (let processes = 0; processes < 2; processes += 1) {
    const destination = await open();
    for (let files = 0; files < 4; files += 1) {
      const before = newest();
      destination.write(`${'x'.repeat(limits.maxFileBytes)}\n`);
      await expect.poll(newest, { timeout: 10_000 }).toBeGreaterThan(before);
    }
    const kept = [newest() - 2, newest() - 1, newest()];
    await expect.poll(numbers, { timeout: 10_000 }).toEqual(kept);
    // The oldest of one too few is deleted a moment later.
    await sleep(100);
    expect(numbers()).toEqual(kept);
  }
});

describe('logging.format', () => {
  it('is JSON for `json`, and for `auto` where no terminal reads it', () => {
    for (const format of ['json', 'auto'] as const) {
      const line: unknown = JSON.parse(written(format, format, (log) => log.info({ rows: 3 }, 'three rows')));
      expect(line).toMatchObject({ level: 30, msg: 'three rows', rows: 3, role: 'test' });
    }
  });

  it('is one line for people for `pretty`: time, level, message, fields', () => {
    const out = written('pretty', 'pretty', (log) =>
      log.warn({ rows: 3, url: 'http://a/b', why: 'two words', list: [1] }, 'three rows'),
    );
    expect(out).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}three rows {2}pid=\d+ {2}role=test {2}rows=3 {2}url=http:\/\/a\/b {2}why="two words" {2}list=\[1\]\n$/,
    );
  });

  it('shows the stack of an error below its line', () => {
    const out = written('error', 'pretty', (log) =>
      log.error({ err: new AppError('not-found', 'no such run') }, 'it failed'),
    );
    const [line = '', first = '', second = ''] = out.split('\n');
    expect(line).toMatch(/ error it failed .*err\.message="no such run" .*err\.code=not-found/);
    expect(first).toBe('    AppError: no such run');
    expect(second).toMatch(/^ {4}at /);
  });

  it('leaves out what libraries hang on their errors, and keeps plain facts and causes', () => {
    class Client {
      secretKey = 4711;
    }
    const broken = Object.assign(new Error('terminated', { cause: new Error('reset') }), {
      code: '57P01',
      client: new Client(),
      nested: { list: [new Client(), 1], at: 5 },
      errors: [Object.assign(new Error('first'), { client: new Client() })],
    });
    const out = written('library', 'json', (log) => log.warn({ err: broken }, 'it failed'));
    expect(out).not.toMatch(/4711|client/);
    expect(JSON.parse(out)).toMatchObject({
      err: {
        message: 'terminated: reset',
        code: '57P01',
        nested: { at: 5 },
        aggregateErrors: [{ message: 'first' }],
        stack: expect.stringContaining('caused by: Error: reset'),
      },
    });
  });

  it('keeps secrets out, and what would steer a terminal', () => {
    const out = written('hostile', 'pretty', (log) =>
      log.info({ password: 'hunter2', title: 'a\u009bb', '\u001b[2Jkey': 1 }, 'a\u001b[2J\nforged'),
    );
    expect(out).not.toMatch(/hunter2/);
    expect(out.trimEnd()).not.toMatch(/\p{Cc}/u);
  });
});
