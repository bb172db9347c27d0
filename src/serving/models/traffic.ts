/** How requests are divided between champion and challenger. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db, DbTransaction } from '../../db/index.ts';

export const SERVED_ALIASES = ['champion', 'challenger'] as const;
export type ServedAlias = (typeof SERVED_ALIASES)[number];

const percent = z.int().min(0).max(100);
export const trafficSchema = z
  .strictObject({
    champion: percent,
    challenger: percent.default(0),
    /** The challenger also scores a copy of what the champion answers. */
    shadow: z.boolean().default(false),
  })
  .refine(({ champion, challenger }) => champion + challenger === 100, {
    path: ['champion'],
    message: 'champion and challenger must make 100 percent',
  });
export type Traffic = z.infer<typeof trafficSchema>;

export const ALL_TO_CHAMPION: Traffic = { champion: 100, challenger: 0, shadow: false };

/** Channel on which every server process hears of a new division. */
export const TRAFFIC_CHANNEL = 'copyloop_traffic';

/** The same key is always sent to the same alias while the division stays. */
export function chooseAlias(traffic: Traffic, stickyKey: string): ServedAlias {
  if (traffic.challenger === 0) return 'champion';
  const bucket = createHash('sha256').update(stickyKey).digest().readUInt32BE(0) / 2 ** 32;
  return bucket * 100 < traffic.challenger ? 'challenger' : 'champion';
}

export async function readTraffic(db: Db): Promise<Traffic> {
  const row = await db
    .selectFrom('serving_traffic')
    .select(['champion', 'challenger', 'shadow'])
    .executeTakeFirst();
  return row ?? ALL_TO_CHAMPION;
}

/** The aliases that decide what is answered, what is run beside it, or what is on trial. */
export async function readAliasesInTraffic(db: Db): Promise<readonly ServedAlias[]> {
  const { challenger, shadow } = await readTraffic(db);
  if (challenger > 0 || shadow) return SERVED_ALIASES;
  const trial = await db
    .selectFrom('canaries')
    .select('id')
    .where('status', 'in', ['waiting', 'running', 'settling'])
    .executeTakeFirst();
  return trial === undefined ? ['champion'] : SERVED_ALIASES;
}

export async function writeTraffic(db: Db, traffic: Traffic): Promise<void> {
  await db.transaction().execute((transaction) => setTraffic(transaction, traffic));
}

/** As part of what else changes with it. */
export async function setTraffic(transaction: DbTransaction, traffic: Traffic): Promise<void> {
  await transaction
    .updateTable('serving_traffic')
    .set({ ...traffic, updated_at: new Date() })
    .execute();
  await sql`SELECT pg_notify(${TRAFFIC_CHANNEL}, '')`.execute(transaction);
}
