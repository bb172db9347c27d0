/** What `copyloop doctor` looks at. Each check is independent, changes nothing, and carries its remedy. */
import { stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Config } from '../../core/config/index.ts';
import { toError } from '../../core/errors.ts';
import { pathExists } from '../../core/path-exists.ts';
import { packageRoot } from '../../core/paths.ts';
import { findFaultOfFolder } from '../../core/var-dir.ts';
import {
  compareSchema,
  findClosedParent,
  findPostgresAccount,
  findPostgresBinaries,
  findRunningPostgres,
  shareBackend,
  TRANSACTION_POOLING,
} from '../../db/index.ts';
import { listWriters } from '../../copy/index.ts';
import { createArtifactStore } from '../../tracking/index.ts';

export interface Check extends Finding {
  name: string;
}

interface Finding {
  status: 'ok' | 'warning' | 'failed';
  found: string;
  remedy?: string;
}

const ok = (found: string): Finding => ({ status: 'ok', found });
const warning = (found: string, remedy: string): Finding => ({ status: 'warning', found, remedy });
const failed = (found: string, remedy: string): Finding => ({ status: 'failed', found, remedy });

const GIB = 1024 ** 3;
const CONNECT_TIMEOUT_MS = 3000;

const CHECKS: Readonly<Record<string, (config: Config) => Finding | Promise<Finding>>> = {
  'Node.js': checkNode,
  Memory: checkMemory,
  'Local folder': checkVarDir,
  'Free disk': checkDisk,
  Port: checkPort,
  PostgreSQL: checkPostgres,
  Redis: checkRedis,
  Artifacts: checkArtifacts,
  'Base encoder': checkBase,
  'TensorFlow.js': checkTensorFlow,
  'Local GGUF models': checkLlama,
};

export async function runChecks(config: Config): Promise<Check[]> {
  return await Promise.all(
    Object.entries(CHECKS).map(async ([name, check]): Promise<Check> => {
      try {
        return { name, ...(await check(config)) };
      } catch (error) {
        return { name, status: 'failed', found: toError(error).message };
      }
    }),
  );
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(process.version)
    : failed(process.version, 'install Node.js 20.19 or later');
}

function checkMemory(): Finding {
  const gib = totalmem() / GIB;
  const found = `${gib.toFixed(1)} GiB`;
  return gib >= 2
    ? ok(found)
    : warning(found, 'the head recipe needs about 1 GiB, full fine-tuning 1.5 GiB beside the server');
}

async function checkVarDir({ storage }: Config): Promise<Finding> {
  const folder = path.resolve(storage.varDir);
  const fault = await findFaultOfFolder(folder);
  return fault === undefined
    ? ok(folder)
    : failed(fault, 'choose a folder that you may write: COPYLOOP_VAR_DIR or --var');
}

async function checkDisk({ storage }: Config): Promise<Finding> {
  let folder = path.resolve(storage.varDir);
  while (!(await pathExists(folder)) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  const info = await statfs(folder);
  const free = (info.bavail * info.bsize) / GIB;
  const found = `${free.toFixed(1)} GiB`;
  if (free >= 2) return ok(found);
  const remedy = 'free some: each model version takes about 250 MB until retention removes it';
  return free >= 0.5 ? warning(found, remedy) : failed(found, remedy);
}

async function checkPort({ server }: Config): Promise<Finding> {
  const taken = await new Promise<string | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(error.message));
    probe.listen(server.port, server.host, () => probe.close(() => resolve(undefined)));
  });
  return taken === undefined
    ? ok(`${server.host}:${server.port} is free`)
    : warning(taken, 'copyloop may be running already; otherwise choose another with PORT or --port');
}

async function checkPostgres({ storage }: Config): Promise<Finding> {
  if (storage.databaseUrl === null) return await checkEmbeddedPostgres(storage.varDir);
  const address = { connectionString: storage.databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS };
  const [client, second] = [new Client(address), new Client(address)];
  try {
    await client.connect();
    await second.connect();
    if (await shareBackend(client, second)) {
      const [found = '', remedy = ''] = TRANSACTION_POOLING.split(': set ');
      return failed(found, `set ${remedy}`);
    }
    const { newer, missing } = await compareSchema(client);
    if (newer.length > 0)
      return failed(
        `its schema is of a newer copyloop (${newer.join(', ')})`,
        'upgrade this copyloop, or use another database',
      );
    if (missing.length > 0 && storage.migrate === 'never') {
      const names = missing.map(({ name }) => name).join(', ');
      return failed(`its schema lacks ${names}, and storage.migrate is never`, 'run "copyloop migrate" once');
    }
    const { rows } = await client.query<{ version: string }>(
      "SELECT current_setting('server_version_num') AS version",
    );
    const version = Number(rows[0]?.version ?? 0);
    const found = `version ${Math.floor(version / 10_000)}`;
    return version >= 140_000 ? ok(found) : failed(found, 'use PostgreSQL 14 or later');
  } catch (error) {
    return failed(toError(error).message, 'check DATABASE_URL, or unset it to use the embedded server');
  } finally {
    for (const each of [client, second]) await each.end().catch(() => undefined);
  }
}

async function checkArtifacts({ storage }: Config): Promise<Finding> {
  const { kind, bucket } = storage.artifacts;
  if (kind === 'folder') return ok('in the local folder');
  const store = createArtifactStore(storage);
  try {
    await store.listFolder('');
    return ok(`the bucket ${bucket ?? ''} answers`);
  } catch (error) {
    return failed(
      `the bucket ${bucket ?? ''} cannot be listed: ${toError(error).message}`,
      'make the bucket, or check bucket, endpoint, region and keys of storage.artifacts',
    );
  }
}

async function checkEmbeddedPostgres(varDir: string): Promise<Finding> {
  const running = await findRunningPostgres(varDir);
  if (running !== undefined) return ok(`embedded, runs on port ${running.port}`);
  await findPostgresBinaries();
  const account = await findPostgresAccount();
  const closed =
    account === undefined || account === 'missing' ? undefined : await findClosedParent(varDir, account);
  if (closed !== undefined)
    return failed(
      `embedded, but the user postgres may not enter ${closed}`,
      `choose another folder (COPYLOOP_VAR_DIR=/var/lib/copyloop), run "chmod o+x ${closed}", or do not run as root`,
    );
  const note = account === 'missing' ? ' (as root, the first start adds a system user postgres)' : '';
  return ok(`embedded, not running${note}`);
}

async function checkRedis({ storage }: Config): Promise<Finding> {
  if (storage.redisUrl === null) return ok('not used: the queues are in PostgreSQL');
  const redis = new Redis(storage.redisUrl, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const policy = /maxmemory_policy:(\S+)/.exec(await redis.info('memory'))?.[1] ?? 'unknown';
    const found = `answers, maxmemory-policy ${policy}`;
    return policy === 'noeviction'
      ? ok(found)
      : failed(found, 'set maxmemory-policy noeviction: an evicted key is a lost job');
  } catch (error) {
    return failed(toError(error).message, 'check REDIS_URL, or unset it to keep the queues in PostgreSQL');
  } finally {
    redis.disconnect();
  }
}

/** Looks where a training does, and fetches nothing. */
async function checkBase({ model }: Config): Promise<Finding> {
  const remedy = 'restore the folder (git checkout assets/encoder) or set model.base';
  // Only here, so that a native library that does not load fails this check and not all of them.
  const { findBase } = await import('../../ml/index.ts');
  const place = await findBase(model.base).catch((error: unknown) => toError(error).message);
  if (typeof place === 'string') return failed(place, remedy);
  const folder =
    'directory' in place ? place.directory : await findFolder(model.base, [process.cwd(), packageRoot]);
  if (folder === undefined)
    return ok(`${model.base} is not a folder: it will be fetched from the Hugging Face hub`);
  const missing: string[] = [];
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']) {
    if (!(await pathExists(path.join(folder, file)))) missing.push(file);
  }
  return missing.length === 0 ? ok(model.base) : failed(`${model.base} lacks ${missing.join(', ')}`, remedy);
}

async function findFolder(name: string, parents: readonly string[]): Promise<string | undefined> {
  for (const parent of parents) {
    const folder = path.resolve(parent, name);
    const info = await stat(folder).catch(() => undefined);
    if (info?.isDirectory() === true) return folder;
  }
  return undefined;
}

async function checkTensorFlow(): Promise<Finding> {
  const name: string = '@tensorflow/tfjs-node';
  return await import(name).then(
    () => ok('native backend (tfjs-node)'),
    () => ok('wasm backend (tfjs-node is not installed or does not load here)'),
  );
}

/** The package of the writer `llama`, which nobody has who does not want it. */
async function checkLlama({ copy }: Pick<Config, 'copy'>): Promise<Finding> {
  const isWanted = [...listWriters(copy), ...Object.values(copy.channelWriters)].includes('llama');
  const { package: packageName, model } = copy.llama;
  if (!isWanted) return ok('not used: llama is not among copy.writers');
  if (model === null) return failed('copy.llama.model is not set', 'name a GGUF file or hub id');
  const isThere = path.isAbsolute(packageName)
    ? await pathExists(packageName)
    : (await findFolder(packageName, [
        path.join(packageRoot, 'node_modules'),
        path.join(process.cwd(), 'node_modules'),
      ])) !== undefined;
  return isThere
    ? ok(`${packageName}, ${model}`)
    : failed(
        `${packageName} is not installed: templates write in its place`,
        'npm install --no-save node-llama-cpp beside copyloop, or copy.llama.package names its entry',
      );
}
