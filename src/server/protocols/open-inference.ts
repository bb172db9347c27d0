/**
 * The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol), as KServe,
 * Triton and Seldon speak it. The one input `text` is BYTES of shape [-1] or [-1, 1]; the outputs are
 * `probability` (FP64) and `label` (BYTES), one per text.
 */
import type { Context } from 'hono';
import { AppError } from '../../core/errors.ts';
import {
  createHangUpSignal,
  createRouter,
  describeError,
  messageFor,
  parseTimeoutHeader,
  setRetryAfter,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import { SERVED_ALIASES, type ModelSessions, type ServedModels } from '../../serving/index.ts';
import { JSON_LENGTH_HEADER, splitBinaryBody } from './binary-tensors.ts';
import { INPUT, OUTPUTS, parseInferenceRequest, renderOutputs } from './inference-request.ts';
import type { CallLimits } from './limits.ts';

const EXTENSIONS = ['binary_tensor_data'] as const;
const PLATFORM = 'onnxruntime_onnx';
const MODEL_PATHS = ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const;

export function createOpenInferenceRoutes(deps: {
  sessions: ModelSessions;
  models: ServedModels;
  modelName: string;
  limits: CallLimits;
  version: string;
}): Router {
  const { sessions, models, modelName, limits, version } = deps;
  const router = createRouter();

  const servedVersions = (): number[] => [
    ...new Set(SERVED_ALIASES.flatMap((alias) => models.current(alias)?.ref.version ?? [])),
  ];
  /** Without a version in the address the server decides, as by `/serving/traffic`. */
  const readVersion = (params: Record<string, string>): number | undefined => {
    const { model = '', version: wanted } = params;
    if (model !== modelName) {
      throw new AppError(
        'not-found',
        `there is no model ${JSON.stringify(model.slice(0, 100))}; this server serves ${modelName}`,
      );
    }
    if (models.current('champion') === undefined) throw new AppError('not-ready', 'no model is champion yet');
    if (wanted === undefined) return undefined;
    const found = servedVersions().find((served) => String(served) === wanted);
    if (found !== undefined) return found;
    throw new AppError(
      'not-found',
      `version ${wanted.slice(0, 20)} of ${model} is not served; served: ${servedVersions().join(', ')}`,
    );
  };

  router.get('/v2', (c) => c.json({ name: 'copyloop', version, extensions: EXTENSIONS }));
  router.get('/v2/health/live', (c) => c.body(null, 200));
  router.get('/v2/health/ready', (c) => c.body(null, models.current('champion') === undefined ? 400 : 200));
  router.post('/v2/repository/index', (c) =>
    c.json(
      servedVersions().map((served) => ({
        name: modelName,
        version: String(served),
        state: 'READY',
        reason: '',
      })),
    ),
  );

  for (const path of MODEL_PATHS) {
    router.get(`${path}/ready`, (c) => {
      readVersion(c.req.param());
      return c.body(null, 200);
    });
    router.get(path, (c) => {
      readVersion(c.req.param());
      const versions = servedVersions().map(String);
      return c.json({ name: modelName, versions, platform: PLATFORM, inputs: [INPUT], outputs: OUTPUTS });
    });
    router.post(`${path}/infer`, async (c) => {
      const wanted = readVersion(c.req.param());
      const { json, tensors } = await readBody(c);
      const request = parseInferenceRequest(json, tensors, limits);
      const maxMs = parseTimeoutHeader(
        c.req.header('x-request-timeout-ms'),
        request.texts.length === 1 ? limits.timeoutMs : limits.batchTimeoutMs,
      );
      const timeoutMs = Math.min(request.timeoutMs ?? maxMs, maxMs);
      const stickyKey = request.id ?? request.texts[0] ?? '';
      const answer = await sessions.withModel(
        stickyKey,
        async (session) => ({
          version: session.version,
          scored: await session.score(request.texts, { timeoutMs, signal: createHangUpSignal(c) }),
        }),
        wanted,
      );
      const outputs = renderOutputs(request.outputs, answer.scored.probabilities);
      const body = {
        model_name: modelName,
        model_version: String(answer.version),
        ...(request.id !== undefined && { id: request.id }),
        outputs: outputs.json,
      };
      return outputs.tensors.length === 0 ? c.json(body) : sendBinary(c, body, outputs.tensors);
    });
  }
  router.onError((thrown, c) => {
    const error = describeError(thrown);
    setRetryAfter(c, error);
    return c.json(renderInferenceError(error), error.traits.httpStatus as 400);
  });
  return router;
}

export function renderInferenceError(error: AppError): { error: string } {
  return { error: messageFor(error) };
}

async function readBody(c: Context<AppEnv>): Promise<{ json: unknown; tensors: Buffer }> {
  const jsonLength = c.req.header(JSON_LENGTH_HEADER);
  if (jsonLength !== undefined) return splitBinaryBody(Buffer.from(await c.req.arrayBuffer()), jsonLength);
  try {
    return { json: await c.req.json(), tensors: Buffer.alloc(0) };
  } catch (cause) {
    throw new AppError('invalid-input', 'the body is not valid JSON', { cause });
  }
}

function sendBinary(c: Context<AppEnv>, body: object, tensors: readonly Buffer[]): Response {
  const head = Buffer.from(JSON.stringify(body));
  return c.body(Buffer.concat([head, ...tensors]), 200, {
    'Content-Type': 'application/octet-stream',
    [JSON_LENGTH_HEADER]: String(head.length),
  });
}
