/**
 * Exports that are recognised by their columns: one entry each. Names are in normal form (`normaliseName`):
 * lower case, one space for white space, `_` and `-`, no `g:`. A field is taken from the first of its columns
 * that holds something; `a.0.b` is a path into nested records, `tag*` every column that begins so, `*tag`
 * that ends so.
 */
import type { RecordField } from '../../core/config/index.ts';

export type PlatformKind = 'products' | 'reviews' | 'feedback';
export type Metric = 'impressions' | 'clicks' | 'conversions' | 'cost';

export interface Platform {
  name: string;
  kind: PlatformKind;
  /** Columns by which it is known, all of them. */
  has: readonly string[];
  /** And one of each of these. */
  hasOne?: readonly (readonly string[])[];
  /** And none of these: other tables have its names among theirs. */
  lacks?: readonly string[];
  /** `xml` or `json` where the same names mean another thing in a table. */
  formats?: readonly string[];
  fields: Readonly<Partial<Record<RecordField, readonly string[]>>>;
  metrics?: Readonly<Partial<Record<Metric, readonly string[]>>>;
  /** Columns kept as attributes of the product. */
  attributes?: readonly string[];
  /**
   * Columns that hold the name of an attribute, with that of its value: `option1 name` with `option1 value`.
   */
  attributePairs?: readonly (readonly [string, string])[];
  /**
   * Rows that belong to another: the same key (or none, where a product's further rows leave it out) without
   * a text; a type of row that follows its product; or a type (`*`: any) and the key of the product that it
   * is a variation of.
   */
  fold?:
    | { by: 'key'; key: string; texts: readonly string[]; mayBeEmpty?: true }
    | { by: 'place'; type: string; types: readonly string[] }
    | { by: 'parent'; type: string; types: readonly string[]; parent: string; key: readonly string[] };
  /** Columns that it has for copy, as it calls them; copy goes there and nowhere else. */
  copy?: { kind: 'seo' | 'merchant'; title: string; description: string };
  /** Columns that hold only where another one says so: a sale price, where the product is on sale. */
  holdsIf?: Readonly<Record<string, { column: string; pattern: RegExp }>>;
  /** Rows that are no record whatever else they hold. */
  ignore?: readonly { column: string; pattern: RegExp; reason: string }[];
  /** A second row of an id is the same product once more. */
  hasUniqueIds?: boolean;
  /** `03/04/2026` is a day in April, as in the language of its columns. */
  isDayFirst?: true;
  /** `¥` is the yuan. */
  isYuan?: true;
  /** Fields without which a row is cut off. */
  needs?: readonly RecordField[];
  /**
   * Lists of categories of which the first is taken: what parts them, where no backslash stands before it.
   */
  categoriesPartedBy?: string;
  /**
   * `\n` as two characters, `\,` in lists, an apostrophe before what a spreadsheet would take for a formula.
   */
  isEscaped?: boolean;
}
