/**
 * A disk that is really full below a running copyloop: a small file system of its own, which takes the right
 * to mount one.
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { createInstallation, startCopyloop, type Copyloop, type Installation } from './copyloop-process.ts';

const disk = await mountSmallDisk();
const installations: Installation[] = [];
const running: Copyloop[] = [];
afterAll(async () => {
  for (const { child } of running) child.kill('SIGTERM');
  for (const { ended } of running) await ended;
  for (const installation of installations) await installation.close();
  if (disk === undefined) return;
  spawnSync('umount', ['--lazy', disk]);
  await rm(disk, { recursive: true, force: true });
});

describe.each(['postgres', 'redis'] as const)('copyloop start with its queues in %s', (backend) => {
  const redisUrl = inject('redisUrl');
  it.skipIf(disk === undefined || (backend === 'redis' && redisUrl === null))(
    'answers on a full disk, says once that its log cannot be written, and writes it again when there is room',
    async () => {
      if (disk === undefined) return;
      const installation = await createInstallation({
        varDir: path.join(disk, backend),
        env: {
          ...(backend === 'redis' && redisUrl !== null && { REDIS_URL: redisUrl }),
          // The suite's Redis is everyone's.
          COPYLOOP_QUEUES__PREFIX: 'disk-full',
        },
      });
      installations.push(installation);
      const copyloop = await startCopyloop(['start', '--no-schedule'], installation.env);
      running.push(copyloop);
      const { url } = copyloop;
      const filler = path.join(disk, 'filler');
      await fill(filler);

      const statuses = new Set<number>();
      for (let asked = 0; asked < 300; asked += 1) {
        statuses.add((await fetch(`${url}/health`)).status);
        const predicted = await fetch(`${url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ title: `Lamp ${asked}`, description: 'A lamp that lasts the whole night.' }),
        });
        statuses.add(predicted.status);
        await predicted.text();
      }
      expect([...statuses]).toEqual([200]);
      expect(await readMetric(url, 'copyloop_log_failing')).toBe(1);
      const told = copyloop.output().match(/^copyloop: the log in .*$/gm);
      expect(told).toEqual([expect.stringContaining(path.join(disk, backend, 'logs'))]);
      expect(told?.[0]).toContain('no space left on device');

      // What cannot be kept is refused in words that name the folder.
      const refused = await fetch(`${url}/jobs/predict`, {
        method: 'POST',
        headers: { 'content-type': 'text/csv' },
        body: `title,description\n${'Lamp,"Long light"\n'.repeat(1000)}`,
      });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await refused.text()).toContain(`the disk of ${path.join(disk, backend)}`);

      await rm(filler);
      await expect
        .poll(async () => await readMetric(url, 'copyloop_log_failing'), { timeout: 10_000 })
        .toBe(0);
      expect(copyloop.output()).toMatch(/^copyloop: the log in .* is written again/m);

      copyloop.child.kill('SIGTERM');
      expect(await copyloop.ended).toBe(0);
    },
  );
});

async function readMetric(url: string, name: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1]);
}

/** To the last byte. */
async function fill(file: string): Promise<void> {
  const block = Buffer.alloc(64 * 1024);
  for (;;) {
    try {
      await writeFile(file, block, { flag: 'a' });
    } catch {
      return;
    }
  }
}

async function mountSmallDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-disk-'));
  await chmod(folder, 0o755);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=0755', 'tmpfs', folder]);
  if (mounted.status === 0) return folder;
  await rm(folder, { recursive: true, force: true });
  process.stderr.write(
    'SKIPPED: this user may not mount a small disk, so the test of a full one does not run\n',
  );
  return undefined;
}
