/** Distinct real product texts: clothing reviews and products. */
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { requireBenchData, type BenchData } from '../data.ts';

export interface Product {
  title: string;
  description: string;
}

const reviewSchema = z.object({ Title: z.string(), 'Review Text': z.string() });
const productSchema = z.object({ title: z.string(), description: z.string() });

/** @throws AppError `not-found` that says what to put where */
export async function readProducts(): Promise<Product[]> {
  const read = (name: BenchData): Promise<string> => readFile(requireBenchData(name), 'utf8');
  const [reviews, products] = await Promise.all([read('clothing-reviews.csv'), read('products.json')]);
  const rows = z.array(reviewSchema).parse(parse(reviews, { columns: true, bom: true }));
  const list = [
    ...rows.map((row) => ({ title: row.Title, description: row['Review Text'] })),
    ...z.array(productSchema).parse(JSON.parse(products)),
  ].filter(({ title, description }) => title.trim() !== '' && description.trim() !== '');
  const distinct = new Map(list.map((product) => [`${product.title} ${product.description}`, product]));
  return [...distinct.values()];
}
