/**
 * Synthetic product records under a seed: the same seed gives the same records, one at a time, whatever their
 * number.
 */
import type { Faker, FakerOptions } from '@faker-js/faker';
import { faker as english } from '@faker-js/faker/locale/en';
import { createRandom, type Random } from '../../core/random.ts';
import type { ProductRecord } from '../record.ts';
import { composeDescription } from './compose-description.ts';
import { listRatings, QUALITY_MODEL, ratingTable, type QualityModel } from './quality-model.ts';
import { syntheticWording } from './wording.ts';

export interface GenerateOptions {
  count: number;
  seed: number;
}

/** A synthetic record: every field is there. */
export interface SyntheticRecord extends ProductRecord {
  /** 10 to 500, in cents. */
  price: number;
  /** 2 to 5, in tenths. */
  rating: number;
  timestamp: string;
}

/** What a record was drawn from: for tests and for judging copy by its true quality, never for training. */
export interface Truth {
  quality: string;
  /** One entry a cue of the description, true where it praises. */
  cues: boolean[];
}

/** Its class, without the seventy other languages that the package's own door loads. */
const EnglishFaker = english.constructor as new (options: FakerOptions) => Faker;

/** A fixed year, so that records depend on the seed alone. */
const FIRST_TIME_MS = Date.UTC(2025, 0, 1);
const LAST_TIME_MS = Date.UTC(2026, 0, 1);

/** `count` records; memory does not grow with `count`. */
export function* generateRecords(options: GenerateOptions): Generator<SyntheticRecord> {
  for (const { record } of drawRecords(options)) yield record;
}

/** As `generateRecords`, each record with what it was drawn from. */
export function* drawRecords(
  options: GenerateOptions,
  model: QualityModel = QUALITY_MODEL,
): Generator<{ record: SyntheticRecord; truth: Truth }> {
  const random = createRandom(options.seed);
  const { categories, titleAdjectives } = syntheticWording();
  const faker = new EnglishFaker({ locale: english.rawDefinitions, seed: options.seed });
  const tables = model.qualities.map((quality) => ({ quality, table: ratingTable(model, quality) }));
  const qualityShares = model.qualities.map((quality) => quality.share);
  const cueShares = model.cueCounts.map((entry) => entry.share);
  const ratings = listRatings(model);

  for (let i = 0; i < options.count; i += 1) {
    const chosen = tables[drawIndex(random, qualityShares)];
    const cueCount = model.cueCounts[drawIndex(random, cueShares)]?.count ?? 0;
    if (chosen === undefined) return;
    const { quality, table } = chosen;
    const cues = Array.from({ length: cueCount }, () => random.chance(quality.praise));
    const rating = ratings[drawIndex(random, table)] ?? model.rating.min;

    const category = random.pick(categories);
    const product = random.pick(category.products);
    const material = faker.commerce.productMaterial();
    const title = `${random.pick(titleAdjectives)} ${random.chance(0.5) ? `${material} ` : ''}${product}`;
    const facts = { title, product, category, material, colour: faker.color.human() };
    const timestamp = FIRST_TIME_MS + random.below(LAST_TIME_MS - FIRST_TIME_MS);
    yield {
      record: {
        id: faker.string.uuid(),
        title,
        category: category.name,
        description: composeDescription(random, facts, cues),
        price: Number(faker.commerce.price({ min: 10, max: 500 })),
        rating,
        timestamp: new Date(timestamp).toISOString(),
      },
      truth: { quality: quality.name, cues },
    };
  }
}

function drawIndex(random: Random, shares: readonly number[]): number {
  let left = random.next();
  for (let i = 0; i < shares.length; i += 1) {
    left -= shares[i] ?? 0;
    if (left < 0) return i;
  }
  return shares.length - 1;
}
