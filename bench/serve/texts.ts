/** Distinct real product texts: the reviews and products of ../shared/data. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { packageRoot } from '../../src/core/paths.ts';

export interface Product {
  title: string;
  description: string;
}

const reviewSchema = z.object({ Title: z.string(), 'Review Text': z.string() });
const productSchema = z.object({ title: z.string(), description: z.string() });

/** @returns undefined where ../shared/data is not there */
export async function readProducts(): Promise<Product[] | undefined> {
  const folder = path.resolve(packageRoot, '..', 'shared', 'data');
  const read = (name: string): Promise<string | undefined> =>
    readFile(path.join(folder, name), 'utf8').catch(() => undefined);
  const [reviews, products] = await Promise.all([read('clothing-reviews.csv'), read('products.json')]);
  if (reviews === undefined || products === undefined) return undefined;
  const rows = z.array(reviewSchema).parse(parse(reviews, { columns: true, bom: true }));
  const list = [
    ...rows.map((row) => ({ title: row.Title, description: row['Review Text'] })),
    ...z.array(productSchema).parse(JSON.parse(products)),
  ].filter(({ title, description }) => title.trim() !== '' && description.trim() !== '');
  const distinct = new Map(list.map((product) => [`${product.title} ${product.description}`, product]));
  return [...distinct.values()];
}
