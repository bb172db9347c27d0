/**
 * Brand profiles in PostgreSQL, in versions that never change: setting one adds a version unless it says what
 * the newest says.
 */
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { AppError } from '../core/errors.ts';
import type { Db } from '../db/index.ts';
import {
  brandProfileSchema,
  noSuchBrand,
  parseBrandName,
  type Brand,
  type BrandProfile,
} from '../copy/index.ts';

export interface StoredBrand extends Brand {
  createdAt: Date;
  createdBy: string;
}

export interface BrandStore {
  /** The newest version of each, by name. */
  list(): Promise<StoredBrand[]>;
  /** @param version the newest where none is named @throws AppError `not-found` */
  get(name: string, version?: number): Promise<StoredBrand>;
  /** Newest first. @throws AppError `not-found` */
  versions(name: string): Promise<StoredBrand[]>;
  /** @returns the version that says so, and whether it is new. @throws AppError `invalid-input` */
  set(name: string, profile: BrandProfile, by: string): Promise<StoredBrand & { isNew: boolean }>;
}

interface Row {
  name: string;
  version: number;
  profile: unknown;
  created_at: Date;
  created_by: string;
}

export function createBrandStore(db: Db): BrandStore {
  const ofName = async (name: string): Promise<StoredBrand[]> => {
    const rows = await db
      .selectFrom('brand_versions')
      .selectAll()
      .where('name', '=', name)
      .orderBy('version', 'desc')
      .execute();
    return rows.map(toBrand);
  };
  return {
    list: async () => {
      const { rows } = await sql<Row>`
        SELECT DISTINCT ON (name) * FROM brand_versions ORDER BY name, version DESC`.execute(db);
      return rows.map(toBrand);
    },
    get: async (name, version) => {
      let query = db.selectFrom('brand_versions').selectAll().where('name', '=', name);
      if (version !== undefined) query = query.where('version', '=', version);
      const row = await query.orderBy('version', 'desc').limit(1).executeTakeFirst();
      if (row === undefined) throw noSuchBrand(name, version);
      return toBrand(row);
    },
    versions: async (name) => {
      const found = await ofName(name);
      if (found.length === 0) throw noSuchBrand(name);
      return found;
    },
    set: async (name, profile, by) => {
      parseBrandName(name);
      return await db.transaction().execute(async (trx) => {
        // Two at once would both take the next number.
        await sql`SELECT pg_advisory_xact_lock(hashtext('brand'), hashtext(${name}))`.execute(trx);
        const newest = await createBrandStore(trx)
          .get(name)
          .catch((thrown: unknown) => {
            if (thrown instanceof AppError && thrown.code === 'not-found') return undefined;
            throw thrown;
          });
        if (newest !== undefined && isDeepStrictEqual(newest.profile, profile))
          return { ...newest, isNew: false };
        const row = await trx
          .insertInto('brand_versions')
          .values({
            name,
            version: (newest?.version ?? 0) + 1,
            profile: JSON.stringify(profile),
            created_by: by,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return { ...toBrand(row), isNew: true };
      });
    },
  };
}

function toBrand(row: Row): StoredBrand {
  return {
    name: row.name,
    version: row.version,
    profile: brandProfileSchema.parse(row.profile),
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
