/** The copywriter that the configuration describes, with one budget for all processes: what a paid writer spends is counted in PostgreSQL. */
import path from 'node:path';
import type { Config } from '../../core/config/index.ts';
import type { Logger } from '../../core/log.ts';
import { openCopywriter, type Copywriter } from '../../copy/index.ts';
import type { Db } from '../../db/index.ts';
import { createSpendingLedger } from './spending-ledger.ts';

/** @throws AppError `invalid-config` as `openCopywriter` */
export function openBudgetedCopywriter(deps: {
  config: Pick<Config, 'copy' | 'storage'>;
  db: Db;
  log: Logger;
}): Copywriter {
  const { config, db, log } = deps;
  return openCopywriter(config.copy, {
    log,
    cacheDir: path.resolve(config.storage.varDir, 'hub'),
    ledger: createSpendingLedger(db, log),
  });
}
