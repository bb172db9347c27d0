import { expect, it } from 'vitest';
import { paceMetrics } from '../../src/workers/stages/tracking-run.ts';

const progress = {
  phase: 'train',
  fraction: 0.5,
  step: 20,
  steps: 40,
  loss: 0.25,
  stepsPerSecond: 4,
  tokensPerSecond: 2000,
  remainingMs: 5000,
} as const;

it('a training tells its tracking run its paces and the time left', () => {
  const at = { timestampMs: 1000, step: 20 };
  expect(paceMetrics(progress, 1000)).toEqual([
    { key: 'steps_per_second', value: 4, ...at },
    { key: 'tokens_per_second', value: 2000, ...at },
    { key: 'seconds_left', value: 5, ...at },
  ]);
});

it('the second training has metrics of its own, and a phase without steps has none', () => {
  expect(paceMetrics({ ...progress, phase: 'refit' }, 0).map(({ key }) => key)).toContain(
    'refit_seconds_left',
  );
  expect(paceMetrics({ phase: 'export', fraction: 0 }, 0)).toEqual([]);
});
