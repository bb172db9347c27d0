/**
 * Reports of what became of texts, beside what PostgreSQL alone can take in: npm run bench:feedback
 *
 *   import       `importFeedback`, which POST /feedback/batch and `copyloop feedback import` call: read,
 *                checked, stored or refused row by row
 *   again        the same report once more: nothing changes
 *   COPY         PostgreSQL's own, of the same rows into a table with the same columns, indexes and foreign
 *                key: nothing is checked, and a faulty row would end it
 *
 * One row in thirty-three is faulty. Memory is this process's, at its most within the first tenth of the
 * rows and within the others. Exit code 1 when it grew by more than 64 MiB in between, or the counts are
 * wrong. `-- --rows N`; 1,000,000 by default.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { createHexId } from '../src/core/ids.ts';
import { createSilentLogger } from '../src/core/log.ts';
import { withResources } from '../src/core/resources.ts';
import { importFeedback, renderTextId, type FeedbackImport } from '../src/data/index.ts';
import { openDatabase, type Db } from '../src/db/index.ts';
import { readOptions } from './read-options.ts';

const FIELDS = ['ad_copy', 'x.text'];
const PLACES = 8;
const DAYS = 25;
const FAULTY_EVERY = 33;
const MAX_GROWTH_BYTES = 64 * 2 ** 20;

const { rows: wanted } = readOptions(import.meta.url, { rows: { type: 'string', default: '1000000' } });
const rows = Number(wanted);
const log = createSilentLogger();

await withResources(log, async (resources) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-feedback-'));
  // PostgreSQL runs as its own user when we are root, and reads one of the files.
  await chmod(folder, 0o755);
  resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
  const database = await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 4, log });
  resources.add('database', database);
  const files = { report: path.join(folder, 'report.csv'), copy: path.join(folder, 'copy.csv') };
  await writeFiles(await predict(database.db, Math.ceil(rows / (FIELDS.length * PLACES * DAYS))), files);

  const first = await measure('import', () => take(database.db, files.report));
  const again = await measure('again', () => take(database.db, files.report));
  await sql`CREATE TABLE copied (LIKE feedback INCLUDING ALL, FOREIGN KEY (prediction_id) REFERENCES predictions (id))`.execute(
    database.db,
  );
  await measure('COPY', () =>
    sql`COPY copied (prediction_id, field, place, source, day, impressions, clicks) FROM ${sql.lit(files.copy)} CSV`.execute(
      database.db,
    ),
  );
  const refused = Math.floor(rows / FAULTY_EVERY);
  if (first.refused !== refused || first.new !== rows - refused || again.unchanged !== first.new) {
    console.log(`MISSED  the counts: ${JSON.stringify({ ...first, refusedRows: undefined })}`);
    process.exitCode = 1;
  }
});

async function take(db: Db, file: string): Promise<FeedbackImport> {
  let [inFirst, later] = [0, 0];
  const result = await importFeedback(
    db,
    { kind: 'file', path: file },
    {
      source: 'bench',
      isRestated: false,
      now: new Date('2026-11-30T12:00:00Z'),
      onProgress: (read) => {
        const { rss } = process.memoryUsage();
        if (read <= rows / 10) inFirst = Math.max(inFirst, rss);
        else later = Math.max(later, rss);
      },
    },
  );
  const grownBytes = later - inFirst;
  console.log(
    `        memory at most ${mib(inFirst)} MiB within the first tenth, ${mib(later)} MiB later; ${result.refused} refused`,
  );
  if (grownBytes > MAX_GROWTH_BYTES) {
    console.log(`MISSED  memory grew by ${mib(grownBytes)} MiB, ${mib(MAX_GROWTH_BYTES)} are allowed`);
    process.exitCode = 1;
  }
  return result;
}

async function measure<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${name.padEnd(7)} ${rows} rows in ${seconds.toFixed(1)} s: ${Math.round(rows / seconds)} rows a second`,
  );
  return result;
}

async function predict(db: Db, count: number): Promise<string[]> {
  const texts = Array.from({ length: PLACES }, (_, place) => ({ text: `Meet the lamp, ${place}.` }));
  const response = JSON.stringify({
    alternatives: Object.fromEntries(FIELDS.map((field) => [field, texts])),
  });
  const ids = Array.from({ length: count }, () => createHexId());
  const values = ids.map((id) => ({
    id,
    title: 'Lamp',
    description: '',
    request: '{}',
    response,
    copy_text: 'Meet the lamp, 0.',
    confidence_score: 0.5,
    model_name: 'copy-quality',
    model_version: 1,
    writer: 'templates' as const,
    request_id: 'bench',
  }));
  for (let first = 0; first < count; first += 1000)
    await db
      .insertInto('predictions')
      .values(values.slice(first, first + 1000))
      .execute();
  return ids;
}

/** The report, and its rows as COPY takes them: faulty ones with their clicks cut to what can be. */
async function writeFiles(ids: readonly string[], files: { report: string; copy: string }): Promise<void> {
  const [report, copy] = [createWriteStream(files.report), createWriteStream(files.copy)];
  report.write('utm_content,date,impressions,clicks\n');
  for (let row = 0; row < rows; row += 1) {
    // Day by day, as reports come.
    const texts = Math.ceil(rows / DAYS);
    const [day, text] = [Math.floor(row / texts), row % texts];
    const place = {
      predictionId: ids[Math.floor(text / (FIELDS.length * PLACES))] ?? '',
      field: FIELDS[text % FIELDS.length] ?? '',
      place: Math.floor(text / FIELDS.length) % PLACES,
    };
    const date = `2026-11-${String(day + 1).padStart(2, '0')}`;
    const [impressions, clicks] = [200, row % 12];
    const isFaulty = row % FAULTY_EVERY === FAULTY_EVERY - 1;
    const fits =
      report.write(
        `${renderTextId(place)},${date},${impressions},${isFaulty ? impressions + 1 : clicks}\n`,
      ) &&
      copy.write(
        `${place.predictionId},${place.field},${place.place},bench,${date},${impressions},${clicks}\n`,
      );
    if (!fits && report.writableNeedDrain) await once(report, 'drain');
    if (!fits && copy.writableNeedDrain) await once(copy, 'drain');
  }
  for (const stream of [report, copy]) {
    stream.end();
    await once(stream, 'close');
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
