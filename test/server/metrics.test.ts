import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/core/paths.ts';
import { addJobMetrics } from '../../src/server/job-metrics.ts';
import { createMetrics } from '../../src/server/metrics.ts';

const documentation = readFileSync(path.join(packageRoot, 'docs', 'metrics.md'), 'utf8');

it('names every metric of its own in docs/metrics.md, and no other', () => {
  const { registry } = createMetrics(() => undefined);
  addJobMetrics(registry, () => {
    throw new Error('nobody asks for values here');
  });
  const names = registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => !/^copyloop_(process|nodejs)_/.test(name));
  const documented = [...documentation.matchAll(/^\| `(copyloop_\w+)`/gm)].map((match) => match[1]);
  expect(new Set(documented)).toEqual(new Set(names));
});

it('answers in the text format of Prometheus', async () => {
  const metrics = createMetrics(() => undefined);
  metrics.request({ method: 'POST', route: '/predict', status: 200 }, 0.01);
  expect(await metrics.registry.metrics()).toContain(
    'copyloop_http_requests_total{method="POST",route="/predict",status="200"} 1',
  );
});
