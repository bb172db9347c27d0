/**
 * The types of src/client/api.ts, from the server's /openapi.json: one entry an operation, with what it takes
 * and what it answers.
 */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  description?: string;
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Operation {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content>;
}
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const HEAD = `/* What copyloop answers, generated from its /openapi.json. After a change of a route:
   npx vitest run --project integration test/integration/client.test.ts -u */
`;

export function renderApi(document: OpenApi): string {
  const schemas = document.components?.schemas ?? {};
  const entries = Object.entries(document.paths)
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        renderOperation(`${method.toUpperCase()} ${path}`, operation),
      ),
    )
    .toSorted()
    .join('');
  // Those of refusals are not needed: a client throws them.
  const named = Object.keys(schemas).filter((name) => new RegExp(`\\b${name}\\b`).test(entries));
  const types = named.map((name) => `export type ${name} = ${renderType(schemas[name] ?? {})};\n`);
  return `${HEAD}\n${types.join('\n')}\nexport interface Api {\n${entries}}\n`;
}

function renderOperation(name: string, { parameters = [], requestBody, responses }: Operation): string {
  const query: Schema = {
    type: 'object',
    properties: Object.fromEntries(
      parameters.filter((one) => one.in === 'query').map((one) => [one.name, one.schema ?? {}]),
    ),
    required: parameters.filter((one) => one.in === 'query' && one.required === true).map((one) => one.name),
    additionalProperties: false,
  };
  const answers = Object.entries(responses).flatMap(([status, response]) =>
    status.startsWith('2') ? (jsonOf(response) ?? []) : [],
  );
  const answer = answers.length === 0 ? 'undefined' : answers.map(renderType).join(' | ');
  const body = jsonOf(requestBody);
  return `  '${name}': { query: ${renderType(query)}; body: ${body === undefined ? 'undefined' : renderType(body)}; answer: ${answer} };\n`;
}

function jsonOf(content: Content | undefined): Schema | undefined {
  return content?.content?.['application/json']?.schema;
}

function renderType(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return alternatives.map((one) => `(${renderType(one)})`).join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map((one) => `(${renderType(one)})`).join(' & ');
  if (Array.isArray(schema.type))
    return schema.type.map((type) => `(${renderType({ ...schema, type })})`).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return `(${renderType(schema.items ?? {})})[]`;
    case 'object':
      return renderObject(schema);
    case undefined:
      return 'unknown';
    default:
      throw new Error(`there is no type for a schema of ${schema.type}`);
  }
}

function renderObject({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const type = renderType(schema);
    const isGiven = required.includes(name);
    const absent = isGiven || type === 'unknown' ? '' : ' | undefined';
    return `${JSON.stringify(name)}${isGiven ? '' : '?'}: ${type}${absent}`;
  });
  const isOpen = additionalProperties !== undefined && additionalProperties !== false;
  const rest = typeof additionalProperties === 'object' ? renderType(additionalProperties) : 'unknown';
  if (!isOpen) return `{ ${fields.join('; ')} }`;
  const index = `{ [key: string]: ${rest === '' ? 'unknown' : rest} }`;
  return fields.length === 0 ? index : `({ ${fields.join('; ')} } & { [key: string]: unknown })`;
}
