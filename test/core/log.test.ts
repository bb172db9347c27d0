import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createLogger, type LogOptions } from '../../src/core/log.ts';

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

  it('keeps secrets out, and what would steer a terminal', () => {
    const out = written('hostile', 'pretty', (log) =>
      log.info({ password: 'hunter2', title: 'a\u009bb', '\u001b[2Jkey': 1 }, 'a\u001b[2J\nforged'),
    );
    expect(out).not.toMatch(/hunter2/);
    expect(out.trimEnd()).not.toMatch(/\p{Cc}/u);
  });
});
