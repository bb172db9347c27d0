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
  required?: boolean;
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
  const named = findNamed(entries, schemas);
  const types = named.map((name) => `export type ${name} = ${renderType(schemas[name] ?? {})};\n`);
  return `${HEAD}\n${types.join('\n')}\nexport interface Api {\n${entries}}\n`;
}

/** Those that the text names, and those that these name in turn. */
function findNamed(text: string, schemas: Record<string, Schema>): string[] {
  const found = new Set<string>();
  const look = (within: string): void => {
    for (const [name, schema] of Object.entries(schemas)) {
      if (found.has(name) || !new RegExp(`\\b${name}\\b`).test(within)) continue;
      found.add(name);
      look(renderType(schema));
    }
  };
  look(text);
  return Object.keys(schemas).filter((name) => found.has(name));
}

function renderOperation(name: string, { parameters = [], requestBody, responses }: Operation): string {
  const partsIn = (where: string): Schema => {
    const found = parameters.filter((one) => one.in === where);
    return {
      type: 'object',
      properties: Object.fromEntries(found.map((one) => [one.name, one.schema ?? {}])),
      required: found.filter((one) => one.required === true).map((one) => one.name),
      additionalProperties: false,
    };
  };
  const answers = Object.entries(responses).flatMap(([status, response]) =>
    status.startsWith('2') ? (jsonOf(response) ?? []) : [],
  );
  const schema = jsonOf(requestBody);
  const optional = requestBody?.required === true ? '' : ' | undefined';
  const parts = Object.entries({
    path: renderType(partsIn('path')),
    query: renderType(partsIn('query')),
    body: schema === undefined ? undefined : `${renderType(schema)}${optional}`,
    answer: answers.length === 0 ? undefined : answers.map(renderType).join(' | '),
  });
  // What is not there is not said: `api-types.ts` knows what its absence means.
  const said = parts.flatMap(([part, type]) =>
    type === undefined || type === EMPTY ? [] : `${part}: ${type}`,
  );
  return `  '${name}': { ${said.join('; ')} };\n`;
}

const EMPTY = '{  }';

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
