import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/slowest-first.ts';

/**
 * `unit` needs no server; `integration` starts the servers it needs (embedded PostgreSQL, redis-server where there is
 * one); `browser` walks through the console in Chromium; `verify-real` compares with the reference values and data that lie beside the project.
 *
 * Files of `unit` and `integration` share the same workers: while one file waits for a lock to run out, others compute.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/browser/**', 'test/verify-real/**'],
          globalSetup: ['test/compiled.ts'],
          setupFiles: ['test/compiled.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/compiled.ts', 'test/integration/global-setup.ts'],
          setupFiles: ['test/compiled.ts'],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/compiled.ts', 'test/browser/global-setup.ts'],
          setupFiles: ['test/compiled.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'verify-real',
          include: ['test/verify-real/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
