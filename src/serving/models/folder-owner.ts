/**
 * Who owns a folder below a `var/` that containers and machines may share. A process id says something only
 * where it was given: every container has a process 1. Elsewhere the owner is known to be there by writing
 * its file again.
 */
import { readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { randomSlug } from '../../core/ids.ts';
import { isAlive } from '../../core/is-alive.ts';

export const OWNER_FILE = 'owner.json';
const SIGN_EVERY_MS = 10 * 60_000;
const SILENT_AFTER_MS = 24 * 60 * 60_000;

/** `process` tells this process from an earlier one of the same id. */
const ownerSchema = z.object({ place: z.string(), pid: z.int().positive(), process: z.string() });
type Owner = z.infer<typeof ownerSchema>;

const thisProcess = randomSlug(10);

/** Signs the folder now and every ten minutes, until the function that is returned is called. */
export async function signFolder(folder: string): Promise<() => void> {
  const owner: Owner = { place: await readPlace(), pid: process.pid, process: thisProcess };
  const sign = (): Promise<void> => writeFile(path.join(folder, OWNER_FILE), JSON.stringify(owner));
  await sign();
  const timer = setInterval(() => void sign().catch(() => undefined), SIGN_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Whether nobody uses `folder` any more: its owner is dead here, or has not signed for a day.
 * @param own a folder signed just now: the file system's own clock says how old a signature is
 */
export async function isAbandoned(folder: string, own: string): Promise<boolean> {
  const owner = await readOwner(folder);
  if (owner !== undefined && owner.place === (await readPlace())) return !isRunning(owner);
  const [signed, now] = await Promise.all([signedAt(folder), signedAt(own)]);
  return signed !== undefined && now !== undefined && now - signed > SILENT_AFTER_MS;
}

async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path.join(folder, OWNER_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

/** When the owner last signed; a folder that was not signed yet is as old as itself. */
async function signedAt(folder: string): Promise<number | undefined> {
  for (const file of [path.join(folder, OWNER_FILE), folder]) {
    const stats = await stat(file).catch(() => undefined);
    if (stats !== undefined) return stats.mtimeMs;
  }
  return undefined;
}

/**
 * Where a process id means one process: this host since it was booted and, on Linux, this namespace of
 * processes (a container's own).
 */
export async function readPlace(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return [hostname(), boot.trim(), namespace].join(' ');
}

function isRunning({ pid, process: owner }: Owner): boolean {
  return pid === process.pid ? owner === thisProcess : isAlive(pid);
}
