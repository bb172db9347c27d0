/**
 * Records that a feed packs into others: what a GraphQL connection calls a node, the attributes of JSON:API,
 * the fields of Airtable and Contentful, a document of Elasticsearch, and the reviews that stand inside their
 * product.
 */
import { isJsonObject, type JsonObject } from '../../core/json-object.ts';
import type { SourceRow } from '../format/table.ts';
import { normaliseName } from '../platform/recognise.ts';
import type { MappingRequest } from './field-map.ts';
import { lookUp, type Values } from './lookup.ts';

/** What holds the record, and what stands beside it and is none of the record's. */
const PACKS = [
  'node',
  'attributes',
  'productAttributes',
  'fields',
  '_source',
  'masterData',
  'current',
  'product',
];
const BESIDE = new Set(
  '__typename _id _index _score _type _version createdTime cursor links meta metadata name relationships sort sys type version'.split(
    ' ',
  ),
);

export async function* unnestRows(
  rows: AsyncIterable<SourceRow>,
  { map }: Pick<MappingRequest, 'map'>,
): AsyncGenerator<SourceRow> {
  const isPackNamed = Object.values(map).some((column) =>
    PACKS.some((pack) => column?.startsWith(`${pack}.`)),
  );
  for await (const row of rows) {
    if ('fault' in row) {
      yield row;
      continue;
    }
    const { line } = row;
    const values = liftAttributes(isPackNamed ? row.values : unpack(row.values));
    const reviews = listReviews(values);
    if (reviews === undefined) yield values === row.values ? row : { line, values };
    else for (const review of reviews) yield { line, values: { ...review, Product: values } };
  }
}

function unpack(values: Values): Values {
  if (values['title'] !== undefined || values['description'] !== undefined) return values;
  const keys = Object.keys(values);
  for (const pack of PACKS) {
    const inside = values[pack];
    if (!isJsonObject(inside)) continue;
    const isWhole = keys.every((key) => key === pack || key === 'id' || (BESIDE.has(key) && key !== 'name'));
    if (!isWhole && !PACKS.some((deeper) => isJsonObject(inside[deeper])) && inside['title'] === undefined)
      continue;
    const own = Object.entries(values).filter(([key]) => key !== pack && !BESIDE.has(key));
    const id = values['id'] ?? values['_id'] ?? lookUp(values, 'sys.id');
    return unpack({ ...Object.fromEntries(own), ...(id !== undefined && { id }), ...inside });
  }
  return values;
}

/** `custom_attributes: [{attribute_code, value}]`, as Magento's interface has all that is not its own. */
function liftAttributes(values: Values): Values {
  const list = values['custom_attributes'];
  if (!Array.isArray(list)) return values;
  const entries = list.flatMap((attribute: unknown): [string, unknown][] =>
    isJsonObject(attribute) && typeof attribute['attribute_code'] === 'string'
      ? [[attribute['attribute_code'], attribute['value']]]
      : [],
  );
  return { ...Object.fromEntries(entries), ...values };
}

/** `<Product><Reviews><Review>`, as Bazaarvoice writes; undefined where the row holds none of its own. */
function listReviews(values: Values): JsonObject[] | undefined {
  const key = Object.keys(values).find((name) => normaliseName(name) === 'reviews');
  if (key === undefined || !isJsonObject(values[key])) return undefined;
  const found: unknown = lookUp(values, `${key}.Review`);
  const reviews = Array.isArray(found) ? (found as unknown[]) : [found];
  const objects = reviews.filter((review) => isJsonObject(review));
  return objects.length === 0 ? undefined : objects;
}
