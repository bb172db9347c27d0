/**
 * A fresh copyloop that speaks MLflow's protocol: embedded PostgreSQL and artifacts in a temporary folder,
 * gone when it closes.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { sql } from 'kysely';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
} from '../../src/tracking/index.ts';
import { listenLocally } from './listen-locally.ts';

export interface MlflowServer {
  url: string;
  varDir: string;
  database: Database;
  /** Back to the state after the first migration, but for the audit log, which nobody can empty. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function openMlflowServer(port = 0): Promise<MlflowServer> {
  const varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-mlflow-'));
  // The embedded PostgreSQL runs as another user when this is root.
  await chmod(varDir, 0o755);
  const log = createSilentLogger();
  const database = await openDatabase({ databaseUrl: null, varDir, poolSize: 10, log });
  const { storage, model, outbound, webhooks } = loadConfig({ env: {} }).config;
  const app = createMlflowApp({
    tracking: createPostgresTrackingStore(database.db),
    artifacts: createArtifactStore({ ...storage, varDir }),
    servedModel: model.name,
    webhooks: {
      store: createWebhookStore(database.db, systemClock, null),
      rules: createSendRules({ outbound, webhooks }),
    },
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response));
  const url = `http://127.0.0.1:${await listenLocally(server, port)}`;
  return {
    url,
    empty: async () => {
      const tables = await sql<{ name: string }>`
        SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('schema_migrations', 'audit_log')`.execute(
        database.db,
      );
      await sql
        .raw(`TRUNCATE ${tables.rows.map((row) => row.name).join(', ')} RESTART IDENTITY CASCADE`)
        .execute(database.db);
      await sql`INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
        VALUES (0, 'Default', 'mlflow-artifacts:/0', 0, 0)`.execute(database.db);
      await rm(path.join(varDir, 'artifacts'), { recursive: true, force: true });
    },
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
