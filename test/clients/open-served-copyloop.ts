/**
 * A copyloop with a tiny champion on an embedded PostgreSQL in a temporary folder, for scripts; gone when it
 * closes.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase } from '../../src/db/index.ts';
import { openServingHarness, type ServerOverrides } from '../integration/server-harness.ts';

export async function openServedCopyloop(
  overrides: ServerOverrides = {},
): Promise<{ url: string; close: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-served-'));
  // The embedded PostgreSQL runs as another user when this is root.
  await chmod(folder, 0o755);
  const models = path.join(folder, 'models');
  await mkdir(models);
  const { harness, server } = await openServingHarness(models, {
    ...overrides,
    openDatabase: async () =>
      await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 10, log: createSilentLogger() }),
  });
  return {
    url: server.url,
    close: async () => {
      await harness.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
