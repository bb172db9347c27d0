/**
 * MLflow's scoring server: `POST /invocations` and `GET /ping`. Its four input forms, answered with one score
 * per row.
 */
import { z } from '@hono/zod-openapi';
import { AppError } from '../../core/errors.ts';
import { classifierText } from '../../core/classifier-text.ts';
import {
  createHangUpSignal,
  createRouter,
  describeError,
  parseTimeoutHeader,
  renderMlflowError,
  setRetryAfter,
  toInvalidInput,
  withoutNulls,
  type Router,
} from '../http/index.ts';
import type { ModelSessions, ServedModels } from '../../serving/index.ts';
import type { CallLimits } from './limits.ts';

type Row = Record<string, unknown> | string;

const cell = z.unknown();
const row = z.union([z.string(), z.record(z.string(), cell)]);
const columnar = z.record(z.string(), z.array(cell));
const bodySchema = withoutNulls(
  z.object({
    dataframe_split: z
      .object({ columns: z.array(z.string()), data: z.array(z.array(cell)), index: z.unknown().optional() })
      .optional(),
    dataframe_records: z.array(row).optional(),
    instances: z.union([z.array(row), columnar]).optional(),
    inputs: z.union([z.string(), z.array(row), columnar]).optional(),
    params: z.unknown().optional(),
  }),
);

const FORMS = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;

export function createMlflowScoringRoutes(deps: {
  sessions: ModelSessions;
  models: ServedModels;
  limits: CallLimits;
}): Router {
  const { sessions, models, limits } = deps;
  const router = createRouter();
  router.get('/ping', function ping(c) {
    return c.body('\n', models.current('champion') === undefined ? 404 : 200);
  });
  router.post('/invocations', async function invoke(c) {
    const type = c.req.header('content-type') ?? '';
    if (!/^application\/json\b/i.test(type)) {
      throw new AppError(
        'wrong-media-type',
        `send application/json; ${JSON.stringify(type.slice(0, 60))} is not read`,
      );
    }
    let body: unknown;
    try {
      body = await c.req.json();
    } catch (cause) {
      throw new AppError('invalid-input', 'the body is not valid JSON', { cause });
    }
    const texts = parseInvocation(body, limits);
    const scored = await sessions.withModel(texts[0] ?? '', (session) =>
      session.score(texts, {
        timeoutMs: parseTimeoutHeader(
          c.req.header('x-request-timeout-ms'),
          texts.length === 1 ? limits.timeoutMs : limits.batchTimeoutMs,
        ),
        signal: createHangUpSignal(c),
      }),
    );
    return c.json({ predictions: scored.probabilities });
  });
  router.onError((thrown, c) => {
    const error = describeError(thrown);
    setRetryAfter(c, error);
    return c.json(renderMlflowError(error), error.traits.httpStatus as 400);
  });
  return router;
}

/** @throws AppError `invalid-input` that names the row and field */
function parseInvocation(body: unknown, limits: Pick<CallLimits, 'maxItems' | 'maxTextChars'>): string[] {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw toInvalidInput(parsed.error);
  const given = FORMS.filter((form) => parsed.data[form] !== undefined);
  const [form] = given;
  if (form === undefined || given.length > 1) {
    throw new AppError(
      'invalid-input',
      `the body must hold exactly one of ${FORMS.join(', ')}, not ${given.join(' and ') || 'none'}`,
    );
  }
  const rows = toRows(parsed.data[form]);
  if (rows.length === 0 || rows.length > limits.maxItems) {
    throw new AppError(
      'invalid-input',
      `${form} holds ${rows.length} rows; 1 to ${limits.maxItems} are allowed`,
      {
        details: { field: form, limit: limits.maxItems },
      },
    );
  }
  return rows.map((item, index) => toText(item, `${form}[${index}]`, limits.maxTextChars));
}

function toRows(form: z.infer<typeof bodySchema>[(typeof FORMS)[number]]): Row[] {
  if (form === undefined) return [];
  if (typeof form === 'string') return [form];
  if (Array.isArray(form)) return form;
  if (isSplit(form)) {
    const twice = form.columns.find((column, at) => form.columns.indexOf(column) !== at);
    if (twice !== undefined)
      throw new AppError('invalid-input', `dataframe_split has two columns ${JSON.stringify(twice)}`, {
        details: { field: 'dataframe_split.columns' },
      });
    const wrong = form.data.findIndex((cells) => cells.length !== form.columns.length);
    if (wrong !== -1)
      throw new AppError(
        'invalid-input',
        `dataframe_split.data[${wrong}] has ${form.data[wrong]?.length} cells for ${form.columns.length} columns`,
        { details: { field: `dataframe_split.data.${wrong}` } },
      );
    return form.data.map((cells) =>
      Object.fromEntries(form.columns.map((column, at) => [column, cells[at]])),
    );
  }
  const columns = Object.entries(form);
  const length = columns.reduce((longest, [, cells]) => Math.max(longest, cells.length), 0);
  return Array.from({ length }, (_, at) =>
    Object.fromEntries(columns.map(([name, cells]) => [name, cells[at]])),
  );
}

function isSplit(form: object): form is { columns: string[]; data: unknown[][] } {
  return 'columns' in form && 'data' in form && Array.isArray((form as { data: unknown[] }).data[0] ?? []);
}

/** A row's title and description, or its text, or what its only column holds. */
function toText(item: Row, where: string, maxTextChars: number): string {
  const text = typeof item === 'string' ? item : textOfRecord(item, where);
  if (text === '' || text.length > maxTextChars) {
    throw new AppError(
      'invalid-input',
      `${where} has ${text.length} characters; 1 to ${maxTextChars} are allowed`,
      {
        details: { field: where, limit: maxTextChars },
      },
    );
  }
  return text;
}

function textOfRecord(record: Record<string, unknown>, where: string): string {
  const { title, description, text } = record;
  if (title !== undefined || description !== undefined) {
    return classifierText({
      title: asText(title, `${where}.title`),
      description: asText(description, `${where}.description`),
    });
  }
  if (text !== undefined) return asText(text, `${where}.text`);
  const columns = Object.keys(record);
  const [only = ''] = columns;
  if (columns.length === 1) return asText(record[only], `${where}.${only}`);
  throw new AppError(
    'invalid-input',
    `${where} has the columns ${columns.join(', ') || '(none)'}; title and description, or text, are read`,
    {
      details: { field: where },
    },
  );
}

function asText(value: unknown, where: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new AppError('invalid-input', `${where} must be text, not ${typeof value}`, {
    details: { field: where },
  });
}
