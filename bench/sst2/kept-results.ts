/**
 * Results of trainings that take an hour, kept under var/bench/sst2 by all that determines them: a run that
 * was interrupted, or that asks for one seed more, trains only what is missing.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { sha256Hex } from '../../src/core/ids.ts';
import { packageRoot } from '../../src/core/paths.ts';

export interface Training<Result> {
  /** Beginning of the folder's name. */
  readonly name: string;
  /** All that determines the result, but for the code; kept beside it. */
  readonly determinedBy: Readonly<Record<string, unknown>>;
  readonly schema: z.ZodType<Result>;
  /** @param folder that is kept with the result; a killed training finds there what it left */
  readonly train: (folder: string) => Promise<Result>;
}

export interface KeptResult<Result> {
  readonly result: Result;
  readonly folder: string;
  /** When it was trained; null: in this run. */
  readonly keptSince: string | null;
}

/** @param fresh trains again whatever is kept */
export async function trainOrReuse<Result>(
  { name, determinedBy, schema, train }: Training<Result>,
  fresh: boolean,
): Promise<KeptResult<Result>> {
  const key = sha256Hex(JSON.stringify(determinedBy)).slice(0, 12);
  const folder = path.join(packageRoot, 'var', 'bench', 'sst2', `${name}-${key}`);
  const file = path.join(folder, 'result.json');
  if (fresh) await rm(folder, { recursive: true, force: true });
  const content = await readFile(file, 'utf8').catch(() => undefined);
  if (content !== undefined) {
    const { trainedAt, result } = JSON.parse(content) as { trainedAt: string; result: unknown };
    return { result: schema.parse(result), folder, keptSince: trainedAt };
  }
  await mkdir(folder, { recursive: true });
  const result = await train(folder);
  const kept = { trainedAt: new Date().toISOString(), determinedBy, result };
  await writeFile(`${file}.partial`, `${JSON.stringify(kept, null, 2)}\n`);
  await rename(`${file}.partial`, file);
  return { result, folder, keptSince: null };
}
