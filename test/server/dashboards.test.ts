import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/core/paths.ts';
import { createMetrics } from '../../src/server/metrics.ts';

const read = (file: string): Promise<string> => readFile(path.join(packageRoot, file), 'utf8');
const namesIn = (text: string): string[] => [...new Set(text.match(/copyloop_[a-z0-9_]+/g))];

describe('metric names', () => {
  it.each(['deploy/grafana/serving.json', 'deploy/prometheus/rules.yaml', 'docs/metrics.md'])(
    'of %s are all there in /metrics',
    async (file) => {
      const text = await createMetrics(() => undefined).registry.metrics();
      const there = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
      const named = namesIn(await read(file));
      expect(named.length).toBeGreaterThan(5);
      const unknown = named.filter(
        (name) => !there.has(name.replace(/_(bucket|sum|count)$/, '')) && !there.has(name),
      );
      expect(unknown.filter((name) => name !== 'copyloop_')).toEqual([]);
    },
  );

  it('of /metrics are all described in docs/metrics.md', async () => {
    const text = await createMetrics(() => undefined).registry.metrics();
    const documented = new Set(namesIn(await read('docs/metrics.md')));
    const own = [...text.matchAll(/^# TYPE (\w+)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => !/^copyloop_(nodejs|process)_/.test(name));
    expect(own.filter((name) => !documented.has(name))).toEqual([]);
  });
});
