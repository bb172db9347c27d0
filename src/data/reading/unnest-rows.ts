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

/** What holds the record, with what may stand beside it. */
const PACKED: readonly (readonly [string, ReadonlySet<string>])[] = [
  ['node', new Set(['cursor', '__typename'])],
  ['attributes', new Set(['id', 'type', 'relationships', 'links', 'meta'])],
  ['fields', new Set(['id', 'createdTime', 'sys', 'metadata'])],
  ['_source', new Set(['_index', '_type', '_id', '_score', '_version', 'sort'])],
];

export async function* unnestRows(
  rows: AsyncIterable<SourceRow>,
  { map }: Pick<MappingRequest, 'map'>,
): AsyncGenerator<SourceRow> {
  const isPackNamed = Object.values(map).some((column) =>
    PACKED.some(([pack]) => column?.startsWith(`${pack}.`)),
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
  const keys = Object.keys(values);
  for (const [pack, beside] of PACKED) {
    const inside = values[pack];
    if (!isJsonObject(inside) || !keys.every((key) => key === pack || beside.has(key))) continue;
    const id = values['id'] ?? values['_id'] ?? lookUp(values, 'sys.id');
    return id === undefined ? inside : { id, ...inside };
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
