/**
 * The copywriter that the configuration describes, with one budget for all processes: what a paid writer
 * spends is counted in PostgreSQL.
 */
import path from 'node:path';
import { sql } from 'kysely';
import { systemClock } from '../core/clock.ts';
import type { Config } from '../core/config/index.ts';
import { toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import {
  createBrandBook,
  openCopywriter,
  type BrandBook,
  type Copywriter,
  type SpendingLedger,
} from '../copy/index.ts';
import type { Db } from '../db/index.ts';
import { createBrandStore } from './brands.ts';
import { createExampleSource } from './examples.ts';
import { openUsageBook } from './writer-usage.ts';

/** @throws AppError `invalid-config` as `openCopywriter` */
export function openBudgetedCopywriter(deps: {
  config: Pick<Config, 'copy' | 'storage' | 'model'>;
  db: Db;
  log: Logger;
  brands?: BrandBook;
}): Copywriter {
  const { config, db, log, brands = createBrandBook(createBrandStore(db), systemClock) } = deps;
  const usage = openUsageBook(db, systemClock, log);
  const copywriter = openCopywriter(config.copy, {
    log,
    cacheDir: path.resolve(config.storage.varDir, 'hub'),
    ledger: createSpendingLedger(db, log),
    brands,
    onNote: usage.add,
    exampleSource: createExampleSource({ db, base: config.model.base, log }),
  });
  return {
    ...copywriter,
    close: async () => {
      await copywriter.close();
      await usage.close();
    },
  };
}

/**
 * The day's tokens of a paid writer, counted in PostgreSQL: one budget for all servers and workers, which a
 * restart does not refill.
 */
export function createSpendingLedger(db: Db, log: Pick<Logger, 'warn'>): SpendingLedger {
  const spentOn = async (day: string): Promise<number> => {
    const row = await db
      .selectFrom('writer_spending')
      .select('tokens')
      .where('day', '=', sql<Date>`${day}::date`)
      .executeTakeFirst();
    return row?.tokens ?? 0;
  };
  return {
    spend: async (day, tokens, limit) => {
      if (tokens > limit) return { isGranted: false, spent: await spentOn(day) };
      const granted = await db
        .insertInto('writer_spending')
        .values({ day, tokens })
        .onConflict((conflict) =>
          conflict
            .column('day')
            .doUpdateSet({ tokens: sql`writer_spending.tokens + ${tokens}` })
            .where(sql<boolean>`writer_spending.tokens + ${tokens} <= ${limit}`),
        )
        .returning('tokens')
        .executeTakeFirst();
      if (granted !== undefined) return { isGranted: true, spent: granted.tokens - tokens };
      return { isGranted: false, spent: await spentOn(day) };
    },
    correct: async (day, tokens) => {
      await db
        .updateTable('writer_spending')
        .set({ tokens: sql`greatest(0, tokens + ${tokens})` })
        .where('day', '=', sql<Date>`${day}::date`)
        .execute()
        .catch((thrown: unknown) =>
          log.warn(
            { err: toError(thrown), day, tokens },
            'what a writer spent could not be corrected; the estimate stands',
          ),
        );
    },
  };
}
