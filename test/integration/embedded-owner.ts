/**
 * A process that opens the embedded PostgreSQL of a folder, says so, and waits to be killed. Run by
 * embedded-postgres.test.ts.
 */
import { createSilentLogger } from '../../src/core/log.ts';
import { openEmbeddedPostgres } from '../../src/db/index.ts';

const varDir = process.argv[2];
if (varDir === undefined) throw new Error('usage: embedded-owner.ts DIR');
const server = await openEmbeddedPostgres({ varDir, log: createSilentLogger() });
process.send?.({ owned: server.owned });
setInterval(() => undefined, 60_000);
