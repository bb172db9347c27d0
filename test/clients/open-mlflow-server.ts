/** A fresh copyloop that speaks MLflow's protocol: embedded PostgreSQL and artifacts in a temporary folder, gone when it closes. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import { createArtifactStore, createPostgresTrackingStore } from '../../src/tracking/index.ts';

export interface MlflowServer {
  url: string;
  varDir: string;
  database: Database;
  close(): Promise<void>;
}

export async function openMlflowServer(port = 0): Promise<MlflowServer> {
  const varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-mlflow-'));
  // The embedded PostgreSQL runs as another user when this is root.
  await chmod(varDir, 0o755);
  const log = createSilentLogger();
  const database = await openDatabase({ databaseUrl: null, varDir, poolSize: 10, log });
  const { storage } = loadConfig({ env: {} }).config;
  const app = createMlflowApp({
    tracking: createPostgresTrackingStore(database.db),
    artifacts: createArtifactStore({ ...storage, varDir }),
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    varDir,
    database,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
      await rm(varDir, { recursive: true, force: true });
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
