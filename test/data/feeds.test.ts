/**
 * Exports as platforms write them, each with the truth beside it: read without a flag, to the last value.
 * Goods and texts are invented.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { inspectSource, type InspectedRecord } from '../../src/data/index.ts';

const folder = path.join(import.meta.dirname, '..', 'fixtures', 'feeds');

interface FileTruth {
  kind: 'products' | 'reviews' | 'feedback';
  format: string;
  encoding: string;
  delimiter: string | null;
  header_line: number | null;
  counts: Record<string, number>;
  refused: { line?: number }[];
}
interface ProductTruth {
  id: string;
  title: string;
  description_plain: string | null;
  category: string | null;
  price: number | null;
  currency: string | null;
  rating: number | null;
  brand: string | null;
  tags: string[] | null;
  timestamp: string | null;
}
interface TextTruth {
  key: string;
  rows: number;
  impressions: number;
  clicks: number;
  conversions: number;
}
interface ReviewTruth {
  id: string;
  reviews: number;
  mean_rating: number;
}

const files = readJson('files') as Record<string, FileTruth>;

async function inspect(file: string) {
  const records: InspectedRecord[] = [];
  const source = {
    ...loadConfig({ env: {} }).config.data.source,
    kind: 'file' as const,
    path: path.join(folder, file),
  };
  const found = await inspectSource({
    source,
    map: {},
    refusedKept: 100,
    onRecord: (row) => void records.push(row),
  });
  return { found, records };
}

describe('an export of a platform', () => {
  it.each(Object.entries(files))(
    '%s is known by its content, with its rows counted and refused',
    async (file, truth) => {
      const { found } = await inspect(file);
      const { counts } = truth;
      expect(found.format).toBe(truth.format);
      expect(found.kind).toBe(truth.kind);
      expect(found.layout).toMatchObject({
        encoding: truth.encoding,
        delimiter: truth.delimiter,
        headerLine: truth.header_line,
      });
      expect(found.accepted).toBe(counts['product_rows'] || counts['review_rows'] || counts['expected_rows']);
      expect(found.refused).toBe(counts['refused_rows'] ?? 0);
      const lines = truth.refused.flatMap(({ line }) => (line === undefined ? [] : [line]));
      if (lines.length > 0) expect(found.refusals.map(({ line }) => line)).toEqual(lines);
    },
  );

  const ofKind = (kind: string): string[] => Object.keys(files).filter((file) => files[file]?.kind === kind);

  it.each(ofKind('products'))('%s gives every product as it is', async (file) => {
    const { records } = await inspect(file);
    const byId = new Map(records.map(({ record }) => [record.id, record]));
    const truth = readJson(file) as ProductTruth[];
    expect(records).toHaveLength(truth.length);
    for (const product of truth) {
      const record = byId.get(product.id);
      expect(
        record && {
          title: oneLine(record.title),
          description: oneLine(record.description),
          category: record.category,
          price: record.price,
          currency: record.currency ?? null,
          rating: record.rating,
          brand: record.brand ?? '',
          tags: record.tags ?? [],
          timestamp: record.timestamp,
        },
      ).toEqual({
        title: oneLine(product.title),
        description: oneLine(product.description_plain),
        category: product.category ?? '',
        price: product.price,
        currency: product.currency,
        rating: product.rating,
        brand: product.brand ?? '',
        tags: product.tags ?? [],
        timestamp: product.timestamp === null ? null : inUtc(product.timestamp),
      });
    }
  });

  it.each(ofKind('reviews'))('%s gives each review its product and its rating', async (file) => {
    const { records } = await inspect(file);
    for (const { id, reviews, mean_rating: mean } of readJson(file) as ReviewTruth[]) {
      const ratings = records
        .filter(({ record }) => record.id === id)
        .map(({ record }) => record.rating ?? 0);
      expect([id, ratings.length, ratings.reduce((a, b) => a + b, 0) / ratings.length]).toEqual([
        id,
        reviews,
        mean,
      ]);
    }
  });

  it.each(ofKind('feedback'))('%s gives each text its numbers', async (file) => {
    const { records } = await inspect(file);
    for (const { key, rows, impressions, clicks, conversions } of readJson(file) as TextTruth[]) {
      const found = records.filter(({ record }) => record.title === key || record.id === key);
      const sum = (name: 'impressions' | 'clicks' | 'conversions'): number =>
        found.reduce((total, { metrics }) => total + (metrics?.[name] ?? 0), 0);
      expect(found).toHaveLength(rows);
      expect([sum('impressions'), sum('clicks')]).toEqual([impressions, clicks]);
      expect(sum('conversions')).toBeCloseTo(conversions, 6);
    }
  });
});

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(folder, 'truth', `${file}.json`), 'utf8'));
}

function oneLine(text: string | null): string {
  return (text ?? '').replaceAll(/\s+/gu, ' ').trim();
}

function inUtc(time: string): string {
  return new Date(time.length > 10 && !time.endsWith('Z') ? `${time}Z` : time).toISOString();
}
