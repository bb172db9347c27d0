/**
 * Brands as requests name them, kept in memory: a version never changes, and which is the newest is asked
 * again after some seconds. While the database is away, what was read last holds.
 */
import { LRUCache } from 'lru-cache';
import { SECOND_MS, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { noSuchBrand, type Brand } from './profile.ts';

export interface BrandBook {
  /** @param ref `acme` or `acme@3` @throws AppError `invalid-input` for a brand that there is not */
  resolve(ref: string): Promise<Brand>;
  /** Of a brand that was just set. */
  note(brand: Brand): void;
}

const FRESH_MS = 5 * SECOND_MS;
const MAX_KEPT = 500;

export function createBrandBook(
  store: { get(name: string, version?: number): Promise<Brand> },
  clock: Clock,
): BrandBook {
  const versions = new LRUCache<string, Brand>({ max: MAX_KEPT });
  const newest = new LRUCache<string, { brand: Brand; readAtMs: number }>({ max: MAX_KEPT });

  const note = (brand: Brand): void => {
    versions.set(`${brand.name}@${brand.version}`, brand);
    newest.set(brand.name, { brand, readAtMs: clock.nowMs() });
  };
  const read = async (name: string, version?: number): Promise<Brand> => {
    try {
      return await store.get(name, version);
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'not-found')
        throw new AppError('invalid-input', noSuchBrand(name, version).message, {
          details: { field: 'brand' },
        });
      throw thrown;
    }
  };

  return {
    note,
    resolve: async (ref) => {
      const [name = '', number] = ref.split('@');
      if (number !== undefined) {
        const known = versions.get(ref);
        if (known !== undefined) return known;
        const brand = await read(name, Number(number));
        versions.set(ref, brand);
        return brand;
      }
      const kept = newest.get(name);
      if (kept !== undefined && clock.nowMs() - kept.readAtMs < FRESH_MS) return kept.brand;
      try {
        const brand = await read(name);
        note(brand);
        return brand;
      } catch (thrown) {
        if (kept === undefined || (thrown instanceof AppError && thrown.code === 'invalid-input'))
          throw thrown;
        return kept.brand;
      }
    },
  };
}
