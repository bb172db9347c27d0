/**
 * Rows that belong to a product of another row: further variants and images of it, or variations that name
 * their parent.
 */
import { createFingerprintSet } from '../fingerprint-set.ts';
import type { Platform } from '../platform/platform.ts';
import { shorten } from '../record.ts';
import { lookUp, toText, type Values } from './lookup.ts';
import type { ReadProduct, ReadRow } from './read-row.ts';

type Fold = NonNullable<Platform['fold']>;
type Read = (line: number, values: Values, isTextNeeded?: boolean) => ReadRow;

export interface Folder {
  take(line: number, values: Values, read: Read): Generator<ReadRow>;
  end(): Generator<ReadRow>;
}

/** Products that wait for their variations; beyond it the oldest goes as it is. */
const MAX_WAITING = 10_000;

export function createFolder(fold: Fold, find: (name: string) => readonly string[]): Folder {
  switch (fold.by) {
    case 'key':
      return createKeyFolder(fold, find);
    case 'place':
      return createPlaceFolder(fold, find);
    case 'parent':
      return createParentFolder(fold, find);
  }
}

function createKeyFolder(
  fold: Extract<Fold, { by: 'key' }>,
  find: (name: string) => readonly string[],
): Folder {
  const read = createCellReader(find);
  const seen = createFingerprintSet();
  let held: { key: string; product: ReadProduct } | undefined;
  return {
    *take(line, values, toProduct) {
      const key = read(values, [fold.key]);
      const hasText = fold.texts.some((name) => read(values, [name]) !== '');
      const isRest = fold.mayBeEmpty === true && key === '' && !hasText;
      if (held !== undefined && (key === held.key || isRest)) {
        if (held.product.record.price === null) fillPrice(held.product, toProduct(line, values, false));
        return void (yield { line, ignored: `belongs to ${shorten(held.key)}` });
      }
      if (held !== undefined) yield held.product;
      held = undefined;
      if (key !== '' && seen.has(key)) return void (yield { line, ignored: `belongs to ${shorten(key)}` });
      if (!hasText) {
        const fault = {
          field: 'title',
          value: shorten(key),
          reason: 'has neither title nor description, and the row of its product is absent',
        };
        return void (yield { line, fault });
      }
      const product = toProduct(line, values);
      if ('record' in product && key !== '') {
        seen.add(key);
        held = { key, product };
      } else yield product;
    },
    *end() {
      if (held !== undefined) yield held.product;
    },
  };
}

function createPlaceFolder(
  fold: Extract<Fold, { by: 'place' }>,
  find: (name: string) => readonly string[],
): Folder {
  const read = createCellReader(find);
  let held: ReadProduct | undefined;
  let hasBegun = false;
  return {
    *take(line, values, toProduct) {
      if (fold.types.includes(read(values, [fold.type]).toLowerCase())) {
        if (!hasBegun) {
          const fault = { field: fold.type, value: '', reason: 'belongs to a product whose row is absent' };
          return void (yield { line, fault });
        }
        if (held !== undefined && held.record.price === null) fillPrice(held, toProduct(line, values, false));
        return void (yield { line, ignored: 'belongs to the product before it' });
      }
      if (held !== undefined) yield held;
      held = undefined;
      hasBegun = true;
      const product = toProduct(line, values);
      if ('record' in product) held = product;
      else yield product;
    },
    *end() {
      if (held !== undefined) yield held;
    },
  };
}

function createParentFolder(
  fold: Extract<Fold, { by: 'parent' }>,
  find: (name: string) => readonly string[],
): Folder {
  const read = createCellReader(find);
  const seen = createFingerprintSet();
  const waiting: ReadProduct[] = [];
  const byKey = new Map<string, ReadProduct>();
  return {
    *take(line, values, toProduct) {
      const type = read(values, [fold.type]).toLowerCase();
      if (fold.types.includes(type) || (type !== '' && fold.types.includes('*'))) {
        const parent = read(values, [fold.parent]).replace(/^id:/u, '');
        const product = byKey.get(parent);
        if (product !== undefined && product.record.price === null)
          fillPrice(product, toProduct(line, values, false));
        if (seen.has(parent)) return void (yield { line, ignored: `belongs to ${shorten(parent)}` });
      }
      const product = toProduct(line, values);
      if (!('record' in product)) return void (yield product);
      waiting.push(product);
      for (const name of fold.key) {
        const key = read(values, [name]);
        if (key === '') continue;
        seen.add(key);
        byKey.set(key, product);
      }
      if (waiting.length <= MAX_WAITING) return;
      const oldest = waiting.shift() as ReadProduct;
      for (const name of fold.key) byKey.delete(read(oldest.values, [name]));
      yield oldest;
    },
    *end() {
      yield* waiting;
    },
  };
}

/** A product whose own row has no price costs what its first variant costs. */
function fillPrice({ record }: ReadProduct, variant: ReadRow): void {
  if ('record' in variant && variant.record.price !== null) {
    record.price = variant.record.price;
    if (variant.record.currency !== undefined) record.currency = variant.record.currency;
  }
}

function createCellReader(
  find: (name: string) => readonly string[],
): (values: Values, names: readonly string[]) => string {
  const places = new Map<string, readonly string[]>();
  return (values, names) => {
    for (const name of names) {
      const columns = places.get(name) ?? find(name);
      places.set(name, columns);
      for (const column of columns) {
        const text = toText(lookUp(values, column)).trim();
        if (text !== '') return text;
      }
    }
    return '';
  };
}
