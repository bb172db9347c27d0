/**
 * Records that a feed packs into others: what a GraphQL connection calls a node, the attributes of JSON:API,
 * and the reviews that stand inside their product.
 */
import { isJsonObject, type JsonObject } from '../../core/json-object.ts';
import type { SourceRow } from '../format/table.ts';
import { normaliseName } from '../platform/recognise.ts';
import type { MappingRequest } from './field-map.ts';
import { lookUp, type Values } from './lookup.ts';

const EDGE = new Set(['node', 'cursor', '__typename']);
const RESOURCE = new Set(['id', 'type', 'attributes', 'relationships', 'links', 'meta']);

export async function* unnestRows(
  rows: AsyncIterable<SourceRow>,
  { map }: Pick<MappingRequest, 'map'>,
): AsyncGenerator<SourceRow> {
  const isNodeNamed = Object.values(map).some((column) => /^(?:node|attributes)\./u.test(column ?? ''));
  for await (const row of rows) {
    if ('fault' in row) {
      yield row;
      continue;
    }
    const { line } = row;
    const values = liftAttributes(isNodeNamed ? row.values : takeNode(row.values));
    const reviews = listReviews(values);
    if (reviews === undefined) yield values === row.values ? row : { line, values };
    else for (const review of reviews) yield { line, values: { ...review, Product: values } };
  }
}

function takeNode(values: Values): Values {
  const { node, type, id, attributes } = values;
  const keys = Object.keys(values);
  if (isJsonObject(node) && keys.every((key) => EDGE.has(key))) return node;
  const isResource =
    isJsonObject(attributes) && typeof type === 'string' && keys.every((key) => RESOURCE.has(key));
  return isResource ? { id, ...attributes } : values;
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
