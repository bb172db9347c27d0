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

export interface Check {
  name: string;
  status: 'ok' | 'warning' | 'failed';
  found: string;
  remedy?: string;
}

const GIB = 1024 ** 3;
const CONNECT_TIMEOUT_MS = 3000;

export async function runChecks(config: Config): Promise<Check[]> {
  const checks = [
    checkNode,
    checkMemory,
    checkVarDir,
    checkDisk,
    checkPort,
    checkPostgres,
    checkRedis,
    checkArtifacts,
    checkBase,
    checkTensorFlow,
    checkLlama,
  ];
  return await Promise.all(
    checks.map(async (check) => {
      try {
        return await check(config);
      } catch (error) {
        return {
          name: check.name.replace('check', ''),
          status: 'failed',
          found: toError(error).message,
        } satisfies Check;
      }
    }),
  );
}

async function checkNode(): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fine = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'Node.js',
    status: fine ? 'ok' : 'failed',
    found: process.version,
    ...(fine ? {} : { remedy: 'install Node.js 20.19 or later' }),
  };
}

async function checkMemory(): Promise<Check> {
  const gib = totalmem() / GIB;
  const fine = gib >= 2;
  return {
    name: 'Memory',
    status: fine ? 'ok' : 'warning',
    found: `${gib.toFixed(1)} GiB`,
    ...(fine
      ? {}
      : { remedy: 'the head recipe needs about 1 GiB, full fine-tuning 1.5 GiB beside the server' }),
  };
}

async function checkVarDir({ storage }: Config): Promise<Check> {
  const folder = path.resolve(storage.varDir);
  const fault = await findFaultOfFolder(folder);
  if (fault === undefined) return { name: 'Local folder', status: 'ok', found: folder };
  return {
    name: 'Local folder',
    status: 'failed',
    found: fault,
    remedy: 'choose a folder that you may write: COPYLOOP_VAR_DIR or --var',
  };
}

async function checkDisk({ storage }: Config): Promise<Check> {
  let folder = path.resolve(storage.varDir);
  while (!(await pathExists(folder)) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  const info = await statfs(folder);
  const free = (info.bavail * info.bsize) / GIB;
  const fine = free >= 2;
  return {
    name: 'Free disk',
    status: fine ? 'ok' : free >= 0.5 ? 'warning' : 'failed',
    found: `${free.toFixed(1)} GiB`,
    ...(fine
      ? {}
      : { remedy: 'free some: each model version takes about 250 MB until retention removes it' }),
  };
}

async function checkPort({ server }: Config): Promise<Check> {
  const taken = await new Promise<string | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(error.message));
    probe.listen(server.port, server.host, () => probe.close(() => resolve(undefined)));
  });
  return {
    name: 'Port',
    status: taken === undefined ? 'ok' : 'warning',
    found: taken ?? `${server.host}:${server.port} is free`,
    ...(taken === undefined
      ? {}
      : { remedy: 'copyloop may be running already; otherwise choose another with PORT or --port' }),
  };
}

async function checkPostgres({ storage }: Config): Promise<Check> {
  if (storage.databaseUrl === null) return await checkEmbeddedPostgres(storage.varDir);
  const address = { connectionString: storage.databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS };
  const [client, second] = [new Client(address), new Client(address)];
  try {
    await client.connect();
    await second.connect();
    if (await shareBackend(client, second)) {
      const [found = '', remedy = ''] = TRANSACTION_POOLING.split(': set ');
      return { name: 'PostgreSQL', status: 'failed', found, remedy: `set ${remedy}` };
    }
    const { newer, missing } = await compareSchema(client);
    if (newer.length > 0) {
      return {
        name: 'PostgreSQL',
        status: 'failed',
        found: `its schema is of a newer copyloop (${newer.join(', ')})`,
        remedy: 'upgrade this copyloop, or use another database',
      };
    }
    if (missing.length > 0 && storage.migrate === 'never') {
      return {
        name: 'PostgreSQL',
        status: 'failed',
        found: `its schema lacks ${missing.map(({ name }) => name).join(', ')}, and storage.migrate is never`,
        remedy: 'run "copyloop migrate" once',
      };
    }
    const { rows } = await client.query<{ version: string }>(
      "SELECT current_setting('server_version_num') AS version",
    );
    const version = Number(rows[0]?.version ?? 0);
    const fine = version >= 140_000;
    return {
      name: 'PostgreSQL',
      status: fine ? 'ok' : 'failed',
      found: `version ${Math.floor(version / 10_000)}`,
      ...(fine ? {} : { remedy: 'use PostgreSQL 14 or later' }),
    };
  } catch (error) {
    return {
      name: 'PostgreSQL',
      status: 'failed',
      found: toError(error).message,
      remedy: 'check DATABASE_URL, or unset it to use the embedded server',
    };
  } finally {
    for (const each of [client, second]) await each.end().catch(() => undefined);
  }
}

async function checkArtifacts({ storage }: Config): Promise<Check> {
  const { kind, bucket } = storage.artifacts;
  if (kind === 'folder') return { name: 'Artifacts', status: 'ok', found: 'in the local folder' };
  const store = createArtifactStore(storage);
  try {
    await store.listFolder('');
    return { name: 'Artifacts', status: 'ok', found: `the bucket ${bucket ?? ''} answers` };
  } catch (error) {
    return {
      name: 'Artifacts',
      status: 'failed',
      found: `the bucket ${bucket ?? ''} cannot be listed: ${toError(error).message}`,
      remedy: 'make the bucket, or check bucket, endpoint, region and keys of storage.artifacts',
    };
  }
}

async function checkEmbeddedPostgres(varDir: string): Promise<Check> {
  const running = await findRunningPostgres(varDir);
  if (running !== undefined)
    return { name: 'PostgreSQL', status: 'ok', found: `embedded, runs on port ${running.port}` };
  await findPostgresBinaries();
  const account = await findPostgresAccount();
  const closed =
    account === undefined || account === 'missing' ? undefined : await findClosedParent(varDir, account);
  if (closed !== undefined) {
    return {
      name: 'PostgreSQL',
      status: 'failed',
      found: `embedded, but the user postgres may not enter ${closed}`,
      remedy: `choose another folder (COPYLOOP_VAR_DIR=/var/lib/copyloop), run "chmod o+x ${closed}", or do not run as root`,
    };
  }
  const note = account === 'missing' ? ' (as root, the first start adds a system user postgres)' : '';
  return { name: 'PostgreSQL', status: 'ok', found: `embedded, not running${note}` };
}

async function checkRedis({ storage }: Config): Promise<Check> {
  if (storage.redisUrl === null)
    return { name: 'Redis', status: 'ok', found: 'not used: the queues are in PostgreSQL' };
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
    const fine = policy === 'noeviction';
    return {
      name: 'Redis',
      status: fine ? 'ok' : 'failed',
      found: `answers, maxmemory-policy ${policy}`,
      ...(fine ? {} : { remedy: 'set maxmemory-policy noeviction: an evicted key is a lost job' }),
    };
  } catch (error) {
    return {
      name: 'Redis',
      status: 'failed',
      found: toError(error).message,
      remedy: 'check REDIS_URL, or unset it to keep the queues in PostgreSQL',
    };
  } finally {
    redis.disconnect();
  }
}

/** Looks where a training does, and fetches nothing. */
async function checkBase({ model }: Config): Promise<Check> {
  const name = 'Base encoder';
  const remedy = 'restore the folder (git checkout assets/encoder) or set model.base';
  // Only here, so that a native library that does not load fails this check and not all of them.
  const { findBase } = await import('../../ml/index.ts');
  const place = await findBase(model.base).catch((error: unknown) => toError(error).message);
  if (typeof place === 'string') return { name, status: 'failed', found: place, remedy };
  const folder =
    'directory' in place ? place.directory : await findFolder(model.base, [process.cwd(), packageRoot]);
  if (folder === undefined) {
    return {
      name,
      status: 'ok',
      found: `${model.base} is no folder: it will be fetched from the Hugging Face hub`,
    };
  }
  const missing: string[] = [];
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']) {
    if (!(await pathExists(path.join(folder, file)))) missing.push(file);
  }
  if (missing.length === 0) return { name, status: 'ok', found: model.base };
  return { name, status: 'failed', found: `${model.base} lacks ${missing.join(', ')}`, remedy };
}

async function findFolder(name: string, parents: readonly string[]): Promise<string | undefined> {
  for (const parent of parents) {
    const folder = path.resolve(parent, name);
    const info = await stat(folder).catch(() => undefined);
    if (info?.isDirectory() === true) return folder;
  }
  return undefined;
}

async function checkTensorFlow(): Promise<Check> {
  const name: string = '@tensorflow/tfjs-node';
  const native = await import(name).then(
    () => true,
    () => false,
  );
  return {
    name: 'TensorFlow.js',
    status: 'ok',
    found: native
      ? 'native backend (tfjs-node)'
      : 'wasm backend (tfjs-node is not installed or does not load here)',
  };
}

/** The package of the writer `llama`, which nobody has who does not want it. */
export async function checkLlama({ copy }: Pick<Config, 'copy'>): Promise<Check> {
  const name = 'Local GGUF models';
  const isWanted = [...listWriters(copy), ...Object.values(copy.channelWriters)].includes('llama');
  const { package: packageName, model } = copy.llama;
  if (!isWanted) return { name, status: 'ok', found: 'not used: llama is not among copy.writers' };
  if (model === null)
    return {
      name,
      status: 'failed',
      found: 'copy.llama.model is not set',
      remedy: 'name a GGUF file or hub id',
    };
  const isThere = path.isAbsolute(packageName)
    ? await pathExists(packageName)
    : (await findFolder(packageName, [
        path.join(packageRoot, 'node_modules'),
        path.join(process.cwd(), 'node_modules'),
      ])) !== undefined;
  if (isThere) return { name, status: 'ok', found: `${packageName}, ${model}` };
  return {
    name,
    status: 'failed',
    found: `${packageName} is not installed: templates write in its place`,
    remedy: 'npm install --no-save node-llama-cpp beside copyloop, or copy.llama.package names its entry',
  };
}
