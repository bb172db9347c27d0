/**
 * The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol), as KServe, Triton and Seldon speak it.
 * The one input `text` is BYTES of shape [-1] or [-1, 1]; the outputs are `probability` (FP64) and `label` (BYTES), one per text.
 */
import { z } from '@hono/zod-openapi';
import { AppError } from '../../core/errors.ts';
import { LABELS } from '../../ml/index.ts';
import {
  createHangUpSignal,
  createRouter,
  describeError,
  parseTimeoutHeader,
  setHeader,
  toInvalidInput,
  type Router,
} from '../http/index.ts';
import type { ModelSessions, ServedModels } from '../serving/index.ts';

interface Limits {
  maxTextChars: number;
  maxItems: number;
  timeoutMs: number;
}

const EXTENSIONS = ['schedule_policy', 'model_repository(index)'] as const;
const PLATFORM = 'onnxruntime_onnx';
const OUTPUTS = ['probability', 'label'] as const;
type OutputName = (typeof OUTPUTS)[number];
/** `parameters.timeout` of Triton's schedule policy is in microseconds. */
const MICROSECONDS_PER_MS = 1000;

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional();
const inferSchema = z.object({
  id: z.string().max(1000).optional(),
  parameters,
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(0)).min(1),
        datatype: z.string(),
        parameters,
        data: z.array(z.unknown()),
      }),
    )
    .length(1, 'must hold the one input "text"'),
  outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
});

export function createOpenInferenceRoutes(deps: {
  sessions: ModelSessions;
  models: ServedModels;
  modelName: string;
  limits: Limits;
  version: string;
}): Router {
  const { sessions, models, modelName, limits, version } = deps;
  const router = createRouter();

  /** The version that an unversioned request means is the champion; a version in the URL must be one that is loaded. */
  const requireModel = (name: string, wanted: string | undefined): void => {
    if (name !== modelName)
      throw new AppError(
        'not-found',
        `there is no model ${JSON.stringify(name.slice(0, 100))}; this server serves ${modelName}`,
      );
    const champion = models.current('champion');
    if (champion === undefined) throw new AppError('not-ready', 'no model is champion yet');
    if (wanted !== undefined && wanted !== String(champion.ref.version)) {
      throw new AppError(
        'not-found',
        `version ${wanted.slice(0, 20)} of ${name} is not served; version ${champion.ref.version} is`,
      );
    }
  };

  router.get('/v2', (c) => c.json({ name: 'copyloop', version, extensions: EXTENSIONS }));
  router.get('/v2/health/live', (c) => c.body(null, 200));
  router.get('/v2/health/ready', (c) => c.body(null, models.current('champion') === undefined ? 400 : 200));
  router.post('/v2/repository/index', (c) => {
    const champion = models.current('champion');
    return c.json(
      champion === undefined
        ? []
        : [{ name: champion.ref.name, version: String(champion.ref.version), state: 'READY', reason: '' }],
    );
  });

  for (const base of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    router.get(`${base}/ready`, (c) => {
      requireModel(c.req.param('model'), versionOf(c.req.param()));
      return c.body(null, 200);
    });
    router.get(base, (c) => {
      requireModel(c.req.param('model'), versionOf(c.req.param()));
      return c.json(describeModel(models, modelName));
    });
    router.post(`${base}/infer`, async (c) => {
      requireModel(c.req.param('model'), versionOf(c.req.param()));
      if (c.req.header('inference-header-content-length') !== undefined) {
        throw new AppError(
          'invalid-input',
          'the binary tensor extension is not offered: send and ask for JSON (binary_data=false)',
        );
      }
      let body: unknown;
      try {
        body = await c.req.json();
      } catch (cause) {
        throw new AppError('invalid-input', 'the body is not valid JSON', { cause });
      }
      const parsed = inferSchema.safeParse(body);
      if (!parsed.success) throw toInvalidInput(parsed.error);
      const request = parsed.data;
      const texts = readTexts(request.inputs[0], limits);
      const wanted = readOutputs(request.outputs);
      const timeoutMs = readTimeout(
        request.parameters?.['timeout'],
        parseTimeoutHeader(c.req.header('x-request-timeout-ms'), limits.timeoutMs),
      );
      const answer = await sessions.withModel(request.id ?? texts[0] ?? '', async (session) => ({
        version: session.version,
        scored: await session.score(texts, { timeoutMs, signal: createHangUpSignal(c) }),
      }));
      return c.json({
        model_name: modelName,
        model_version: String(answer.version),
        ...(request.id !== undefined && { id: request.id }),
        outputs: wanted.map((name) => renderOutput(name, answer.scored.probabilities)),
      });
    });
  }
  router.onError((thrown, c) => {
    const error = describeError(thrown);
    const retryAfter = error.details['retryAfterSeconds'];
    if (retryAfter !== undefined) setHeader(c, 'Retry-After', String(retryAfter));
    const message = error.code === 'internal' ? 'the server failed at this request' : error.message;
    return c.json({ error: message }, error.traits.httpStatus as 400);
  });
  return router;
}

function versionOf(params: Record<string, string>): string | undefined {
  return params['version'];
}

function describeModel(models: ServedModels, name: string) {
  return {
    name,
    versions:
      models.current('champion') === undefined ? [] : [String(models.current('champion')?.ref.version)],
    platform: PLATFORM,
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    outputs: [
      { name: 'probability', datatype: 'FP64', shape: [-1] },
      { name: 'label', datatype: 'BYTES', shape: [-1] },
    ],
  };
}

type Input = z.infer<typeof inferSchema>['inputs'][number];

/** Data may be flat in row-major order or nested as the shape says. */
function readTexts(input: Input | undefined, limits: Limits): string[] {
  if (input === undefined || input.name !== 'text') {
    throw new AppError(
      'invalid-input',
      `the input must be named "text", not ${JSON.stringify(input?.name ?? '')}`,
      { details: { field: 'inputs.0.name' } },
    );
  }
  if (input.datatype !== 'BYTES') {
    throw new AppError('invalid-input', `text has datatype BYTES, not ${JSON.stringify(input.datatype)}`, {
      details: { field: 'inputs.0.datatype' },
    });
  }
  const [rows = 0, ...rest] = input.shape;
  if (rest.length > 1 || (rest[0] ?? 1) !== 1) {
    throw new AppError('invalid-input', `text has shape [n] or [n, 1], not [${input.shape.join(', ')}]`, {
      details: { field: 'inputs.0.shape' },
    });
  }
  const texts = input.data.flat(2);
  if (texts.length !== rows) {
    throw new AppError(
      'invalid-input',
      `shape [${input.shape.join(', ')}] wants ${rows} texts and data holds ${texts.length}`,
      { details: { field: 'inputs.0.data' } },
    );
  }
  if (rows === 0 || rows > limits.maxItems) {
    throw new AppError('invalid-input', `text holds ${rows} texts; 1 to ${limits.maxItems} are allowed`, {
      details: { field: 'inputs.0.shape', limit: limits.maxItems },
    });
  }
  return texts.map((text, index) => {
    if (typeof text !== 'string' || text === '' || text.length > limits.maxTextChars) {
      throw new AppError(
        'invalid-input',
        `inputs.0.data.${index} must be text of 1 to ${limits.maxTextChars} characters`,
        {
          details: { field: `inputs.0.data.${index}`, limit: limits.maxTextChars },
        },
      );
    }
    return text;
  });
}

function readOutputs(outputs: z.infer<typeof inferSchema>['outputs']): readonly OutputName[] {
  if (outputs === undefined || outputs.length === 0) return OUTPUTS;
  return outputs.map(({ name, parameters: asked }) => {
    const known = OUTPUTS.find((output) => output === name);
    if (known === undefined) {
      throw new AppError(
        'invalid-input',
        `there is no output ${JSON.stringify(name.slice(0, 100))}; there are ${OUTPUTS.join(' and ')}`,
        { details: { field: 'outputs' } },
      );
    }
    if (asked?.['binary_data'] === true) {
      throw new AppError(
        'invalid-input',
        'the binary tensor extension is not offered: ask with binary_data=false',
        { details: { field: 'outputs' } },
      );
    }
    return known;
  });
}

function readTimeout(value: string | number | boolean | undefined, maxMs: number): number {
  if (value === undefined) return maxMs;
  const timeoutMs = Math.ceil(Number(value) / MICROSECONDS_PER_MS);
  if (!(timeoutMs >= 1))
    throw new AppError(
      'invalid-input',
      `parameters.timeout must be microseconds above 0, not ${String(value)}`,
      { details: { field: 'parameters.timeout' } },
    );
  return Math.min(timeoutMs, maxMs);
}

function renderOutput(name: OutputName, probabilities: readonly number[]) {
  const shape = [probabilities.length];
  if (name === 'probability') return { name, datatype: 'FP64', shape, data: probabilities };
  return { name, datatype: 'BYTES', shape, data: probabilities.map((p) => LABELS[p >= 0.5 ? 1 : 0]) };
}
