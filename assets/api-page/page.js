/** The API page: every operation of /openapi.json with a form to try it. No library, nothing from elsewhere. */
const MAX_SHOWN_CHARS = 200_000;

const element = (name, attributes = {}, ...children) => {
  const node = Object.assign(document.createElement(name), attributes);
  node.append(...children);
  return node;
};

/** An example value for a JSON schema, good enough to edit. */
function exampleOf(schema, document_, depth = 0) {
  if (schema === undefined || depth > 6) return null;
  if (schema.$ref !== undefined) return exampleOf(resolve(schema.$ref, document_), document_, depth + 1);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const [alternative] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (alternative !== undefined) return exampleOf(alternative, document_, depth + 1);
  switch ([schema.type].flat()[0]) {
    case 'object': {
      const required = schema.required ?? [];
      return Object.fromEntries(
        required.map((name) => [name, exampleOf(schema.properties?.[name], document_, depth + 1)]),
      );
    }
    case 'array':
      return [exampleOf(schema.items, document_, depth + 1)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    case 'string':
      return '';
    default:
      return null;
  }
}

function resolve(reference, document_) {
  return reference
    .replace('#/', '')
    .split('/')
    .reduce((node, name) => node?.[name], document_);
}

function renderOperation(path, method, operation, document_) {
  const parameters = operation.parameters ?? [];
  const inputs = parameters.map((parameter) => ({
    parameter,
    field: element('input', { placeholder: parameter.required ? 'required' : String(parameter.schema?.default ?? '') }),
  }));
  const bodySchema = operation.requestBody?.content?.['application/json']?.schema;
  const body =
    bodySchema === undefined
      ? undefined
      : element('textarea', { value: JSON.stringify(exampleOf(bodySchema, document_), null, 2), spellcheck: false });
  const output = element('pre', { hidden: true });
  const button = element('button', { textContent: 'Send' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    output.hidden = false;
    output.textContent = '…';
    try {
      output.textContent = await send(path, method, inputs, body);
    } catch (error) {
      output.textContent = String(error);
    }
    button.disabled = false;
  });
  return element(
    'details',
    {},
    element(
      'summary',
      {},
      element('code', { className: 'method', textContent: method.toUpperCase() }),
      element('code', { textContent: path }),
      ` ${operation.summary ?? ''}`,
    ),
    element(
      'div',
      {},
      ...inputs.map(({ parameter, field }) =>
        element('label', {}, element('span', { textContent: `${parameter.name} (${parameter.in})` }), field),
      ),
      ...(body === undefined ? [] : [body]),
      button,
      output,
      element('pre', {
        textContent: Object.entries(operation.responses ?? {})
          .map(([status, response]) => `${status}  ${response.description ?? ''}`)
          .join('\n'),
      }),
    ),
  );
}

async function send(path, method, inputs, body) {
  const url = new URL(
    // Relative to the folder of this page, so that it works below a proxy's path too.
    path.slice(1).replace(/\{(\w+)\}/g, (_, name) => {
      const given = inputs.find(({ parameter }) => parameter.in === 'path' && parameter.name === name);
      return encodeURIComponent(given?.field.value ?? '');
    }),
    location.href,
  );
  const headers = {};
  for (const { parameter, field } of inputs) {
    if (field.value === '') continue;
    if (parameter.in === 'query') url.searchParams.set(parameter.name, field.value);
    if (parameter.in === 'header') headers[parameter.name] = field.value;
  }
  const key = document.getElementById('key').value;
  if (key !== '') headers.authorization = `Bearer ${key}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const startedMs = performance.now();
  const response = await fetch(url, { method: method.toUpperCase(), headers, body: body?.value });
  const text = await response.text();
  const elapsedMs = Math.round(performance.now() - startedMs);
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Not every answer is JSON.
  }
  return `${response.status} ${response.statusText} (${elapsedMs} ms)\n\n${shown.slice(0, MAX_SHOWN_CHARS)}`;
}

async function show() {
  const main = document.getElementById('operations');
  const response = await fetch('openapi.json');
  const document_ = await response.json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag = 'other'] = operation.tags ?? [];
      groups.set(tag, [...(groups.get(tag) ?? []), renderOperation(path, method, operation, document_)]);
    }
  }
  main.replaceChildren(
    ...[...groups].flatMap(([tag, operations]) => [element('h2', { textContent: tag }), ...operations]),
  );
}

show().catch((error) => {
  document.getElementById('operations').textContent = `The page could not be built: ${error}`;
});
