import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createLogHealth, createSilentLogger } from '../../src/core/log.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { addStateMetrics } from '../../src/server/state-metrics.ts';
import { addLogMetrics, createMetrics } from '../../src/server/metrics.ts';

it.each([
  'deploy/grafana/serving.json',
  'deploy/grafana/pipeline.json',
  'deploy/grafana/learning.json',
  'deploy/prometheus/rules.yaml',
])('every metric that %s names is there', async (file) => {
  const { registry } = createMetrics(() => undefined);
  addLogMetrics(registry, createLogHealth());
  addStateMetrics(
    registry,
    () => {
      throw new Error('nobody asks for values here');
    },
    createSilentLogger(),
  );
  const there = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const text = await readFile(path.join(packageRoot, file), 'utf8');
  const named = [...new Set(text.match(/copyloop_[a-z0-9_]+/g))];
  expect(named.length).toBeGreaterThan(5);
  const parts = /_(bucket|sum|count)$/;
  expect(named.filter((name) => !there.has(name) && !there.has(name.replace(parts, '')))).toEqual([]);
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool)
  process.stderr.write('SKIPPED: there is no promtool on the PATH, so alerts are not tried\n');

it.skipIf(!hasPromtool)('every alert fires on what it is for, and not before', async () => {
  const folder = path.join(packageRoot, 'deploy', 'prometheus');
  const tested = spawnSync('promtool', ['test', 'rules', 'rules.test.yaml'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([tested.status, tested.stdout + tested.stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
  const alerts = (file: string): Promise<string[]> =>
    readFile(path.join(folder, file), 'utf8').then((text) =>
      [...new Set(text.match(/Copyloop\w+/g))].toSorted(),
    );
  expect(await alerts('rules.test.yaml')).toEqual(await alerts('rules.yaml'));
});

it('the chart installs the same alerts', async () => {
  const read = (file: string): Promise<string> => readFile(path.join(packageRoot, file), 'utf8');
  expect(await read('deploy/helm/copyloop/files/rules.yaml')).toBe(
    await read('deploy/prometheus/rules.yaml'),
  );
});
