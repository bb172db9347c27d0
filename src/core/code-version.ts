/** Which code runs: for records that must still say, years later, what made them. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { packageRoot, readPackageVersion } from './paths.ts';

export const codeVersionSchema = z.object({
  /** Of package.json. */
  version: z.string(),
  /** null where the package is no checkout, as in the production image. */
  commit: z.string().nullable(),
  /** Whether the checkout holds changes that the commit does not. */
  isChanged: z.boolean(),
  /** Over the modules that run, names and contents: `src` and `dist` of the same commit differ. */
  buildSha256: z.string().length(64),
});
export type CodeVersion = z.infer<typeof codeVersionSchema>;

export async function readCodeVersion(): Promise<CodeVersion> {
  const [checkout, buildSha256] = await Promise.all([readCheckout(), hashModules()]);
  return { version: readPackageVersion(), ...checkout, buildSha256 };
}

/**
 * Asked of git, and only where the package itself is the checkout: a project that has copyloop in
 * node_modules has other commits.
 */
async function readCheckout(): Promise<{ commit: string | null; isChanged: boolean }> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: packageRoot })).stdout.trim();
  try {
    const [top, commit] = (await git('rev-parse', '--show-toplevel', 'HEAD')).split('\n');
    if (top === undefined || commit === undefined || path.resolve(top) !== path.resolve(packageRoot))
      return { commit: null, isChanged: false };
    const changes = await git('status', '--porcelain', '--', 'src', 'config', 'package-lock.json');
    return { commit, isChanged: changes !== '' };
  } catch {
    // No git, or no checkout: the hash of the modules says what runs.
    return { commit: null, isChanged: false };
  }
}

async function hashModules(): Promise<string> {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const names = (await readdir(root, { recursive: true }))
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => name.split(path.sep).join('/'))
    .toSorted();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0`).update(await readFile(path.join(root, name)));
  return hash.digest('hex');
}
