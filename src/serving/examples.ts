/**
 * Texts that people took for a brand's field, as examples for language models: those of the products nearest
 * to the one that is written about, by the token embeddings of our own encoder. They are read anew for each
 * request, so that what was erased is never shown again.
 */
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { withoutInstructions, type ExampleSource } from '../copy/index.ts';
import type { Db } from '../db/index.ts';
import { findBase, openTokenizer, readBaseModel, type TextTokenizer } from '../ml/index.ts';

/** Newest texts of a brand that are compared. */
const MAX_COMPARED = 500;
const MAX_TOKENS = 64;
const MAX_KEPT = 5000;
const EMBEDDINGS = 'distilbert.embeddings.word_embeddings.weight';

export interface Embedder {
  /** Unit length; null for a text without a known word. */
  embed(text: string): Float32Array | null;
}

interface TakenText {
  id: string;
  field: string;
  title: string;
  description: string;
  text: string;
}

export function createExampleSource(deps: {
  db: Db;
  /** Where the base encoder is: `model.base`. */
  base: string;
  log: Pick<Logger, 'warn'>;
}): ExampleSource {
  const { db, base, log } = deps;
  const vectors = new LRUCache<string, { vector: Float32Array | null }>({ max: MAX_KEPT });
  let opening: Promise<Embedder | undefined> | undefined;
  // Without an encoder of words the newest are shown.
  const open = async (): Promise<Embedder | undefined> =>
    await openEmbedder(base).catch((thrown: unknown) => {
      log.warn({ err: toError(thrown) }, 'examples cannot be compared; the newest are shown');
      return undefined;
    });

  return {
    find: async ({ brand, fields, title, description, count }) => {
      const taken = await readTaken(db, brand, fields).catch((thrown: unknown): TakenText[] => {
        log.warn({ err: toError(thrown) }, 'examples could not be read; nothing is shown');
        return [];
      });
      if (taken.length === 0) return {};
      opening ??= open();
      const embedder = await opening;
      const of = (id: string, text: string): Float32Array | null => {
        let known = vectors.get(id);
        if (known === undefined) {
          known = { vector: embedder?.embed(text) ?? null };
          vectors.set(id, known);
        }
        return known.vector;
      };
      const own = embedder?.embed(`${title}. ${description}`) ?? null;
      const ranked = taken
        .map((each) => ({
          ...each,
          nearness: dot(own, of(each.id, `${each.title}. ${each.description}`)),
        }))
        .toSorted((a, b) => b.nearness - a.nearness);
      return Object.fromEntries(
        fields.map((field) => [
          field,
          ranked
            .filter(
              (each) => each.field === field && withoutInstructions(each.text).instructions.length === 0,
            )
            .slice(0, count)
            .map(({ id, text }) => ({ id, text })),
        ]),
      );
    },
  };
}

/**
 * Accepted and edited by feedback, approved and published in review; newest first, each once. What was erased
 * went with its prediction.
 */
async function readTaken(db: Db, brand: string, fields: readonly string[]): Promise<TakenText[]> {
  const { rows } = await sql<TakenText>`
    WITH taken AS (
      SELECT prediction_id, field, place, edited_text FROM feedback WHERE outcome IN ('accepted', 'edited')
      UNION
      SELECT prediction_id, field, place, edited_text FROM texts WHERE state IN ('approved', 'published'))
    SELECT DISTINCT ON (p.created_at, p.id, taken.field, taken.place)
      p.id || '.' || taken.field || '.' || taken.place AS id, taken.field, p.title, p.description,
      coalesce(taken.edited_text, p.response #>> ARRAY['alternatives', taken.field, taken.place::text, 'text']) AS text
    FROM taken JOIN predictions AS p ON p.id = taken.prediction_id
    WHERE p.response #>> '{brand,name}' = ${brand} AND taken.field = ANY(${sql.val([...fields])}::text[])
      AND coalesce(taken.edited_text, p.response #>> ARRAY['alternatives', taken.field, taken.place::text, 'text']) IS NOT NULL
    ORDER BY p.created_at DESC, p.id, taken.field, taken.place, taken.edited_text NULLS LAST
    LIMIT ${MAX_COMPARED}`.execute(db);
  return rows;
}

/** @throws AppError `bad-model` for a base that is not on this machine, or another kind of model */
async function openEmbedder(base: string): Promise<Embedder> {
  const place = await findBase(base);
  if (!('directory' in place)) throw new Error(`the base ${base} is not on this machine`);
  const model = await readBaseModel(place.directory);
  const [tokenizer, weights] = await Promise.all([openTokenizer(place.directory), model.readWeights()]);
  const table = weights.get(EMBEDDINGS) ?? weights.get(EMBEDDINGS.replace('distilbert.', ''));
  if (table === undefined) throw new Error(`the base ${base} has no ${EMBEDDINGS}`);
  const rows = Float32Array.from(table.data);
  return { embed: (text) => average(tokenizer, rows, rows.length / tokenizer.vocabularySize, text) };
}

function average(
  tokenizer: TextTokenizer,
  rows: Float32Array,
  dim: number,
  text: string,
): Float32Array | null {
  const sum = new Float32Array(dim);
  // Without [CLS] and [SEP], which every text has.
  for (const id of tokenizer.encode(text, MAX_TOKENS).slice(1, -1)) {
    const row = rows.subarray(id * dim, (id + 1) * dim);
    const norm = Math.hypot(...row) || 1;
    for (let at = 0; at < dim; at += 1) sum[at] = (sum[at] ?? 0) + (row[at] ?? 0) / norm;
  }
  const length = Math.hypot(...sum);
  return length === 0 ? null : sum.map((value) => value / length);
}

function dot(a: Float32Array | null, b: Float32Array | null): number {
  if (a === null || b === null) return 0;
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
