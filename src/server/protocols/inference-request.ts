/**
 * What an inference request of the Open Inference Protocol says, as JSON alone or with binary tensors, and
 * its answer in the form asked for.
 */
import { z } from '@hono/zod-openapi';
import { AppError } from '../../core/errors.ts';
import { LABELS } from '../../ml/index.ts';
import { toInvalidInput, withoutNulls } from '../http/index.ts';
import { decodeBytesTensor, encodeBytesTensor, encodeFloat64Tensor } from './binary-tensors.ts';

export const INPUT = { name: 'text', datatype: 'BYTES', shape: [-1] } as const;
export const OUTPUTS = [
  { name: 'probability', datatype: 'FP64', shape: [-1] },
  { name: 'label', datatype: 'BYTES', shape: [-1] },
] as const;
type OutputName = (typeof OUTPUTS)[number]['name'];

/** `parameters.timeout` of Triton's schedule policy is in microseconds. */
const MICROSECONDS_PER_MS = 1000;

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional();
const inputSchema = z.object({
  name: z.literal(INPUT.name),
  datatype: z.literal(INPUT.datatype),
  shape: z.array(z.int().min(0)).min(1).max(2),
  parameters,
  data: z.array(z.unknown()).optional(),
});
const requestSchema = withoutNulls(
  z.object({
    id: z.string().max(1000).optional(),
    parameters,
    inputs: z.array(inputSchema).length(1, `must hold the one input "${INPUT.name}"`),
    outputs: z.array(z.object({ name: z.enum(['probability', 'label']), parameters })).optional(),
  }),
);

export interface InferenceRequest {
  id: string | undefined;
  texts: string[];
  outputs: readonly { name: OutputName; isBinary: boolean }[];
  /** undefined where the request names none. */
  timeoutMs: number | undefined;
}

/**
 * @param tensors the bytes after the JSON; empty where the body is JSON alone
 * @throws AppError `invalid-input` that names the field and, where there is one, the limit
 */
export function parseInferenceRequest(
  json: unknown,
  tensors: Buffer,
  limits: { maxTextChars: number; maxItems: number },
): InferenceRequest {
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) throw toInvalidInput(parsed.error);
  const { id, inputs, outputs, parameters: asked } = parsed.data;
  const [input] = inputs;
  if (input === undefined)
    throw new AppError('invalid-input', 'inputs is empty', { details: { field: 'inputs' } });
  const isBinaryByDefault = asked?.['binary_data_output'] === true;
  const wanted: readonly { name: OutputName; parameters?: z.infer<typeof parameters> }[] =
    outputs === undefined || outputs.length === 0 ? OUTPUTS : outputs;
  return {
    id,
    texts: checkTexts(readElements(input, tensors), input.shape, limits),
    outputs: wanted.map((output) => ({
      name: output.name,
      isBinary: (output.parameters?.['binary_data'] ?? isBinaryByDefault) === true,
    })),
    timeoutMs: readTimeout(asked?.['timeout']),
  };
}

/** Data in JSON may be flat in row-major order or nested as the shape says. */
function readElements(input: z.infer<typeof inputSchema>, tensors: Buffer): unknown[] {
  const size = input.parameters?.['binary_data_size'];
  if (size === undefined) {
    if (input.data !== undefined) return input.data.flat(2);
    throw new AppError('invalid-input', 'inputs.0 holds neither data nor binary_data_size', {
      details: { field: 'inputs.0.data' },
    });
  }
  if (size !== tensors.length) {
    throw new AppError(
      'invalid-input',
      `binary_data_size is ${String(size)} and ${tensors.length} bytes follow the JSON`,
      {
        details: { field: 'inputs.0.parameters.binary_data_size' },
      },
    );
  }
  return decodeBytesTensor(tensors);
}

function checkTexts(
  texts: readonly unknown[],
  shape: readonly number[],
  { maxItems, maxTextChars }: { maxTextChars: number; maxItems: number },
): string[] {
  const [rows = 0, columns = 1] = shape;
  const shown = `[${shape.join(', ')}]`;
  if (columns !== 1) throw refuse('inputs.0.shape', `text has shape [n] or [n, 1], not ${shown}`);
  if (rows === 0 || rows > maxItems) {
    throw refuse('inputs.0.shape', `text holds ${rows} texts; 1 to ${maxItems} are allowed`, maxItems);
  }
  if (texts.length !== rows) {
    throw refuse('inputs.0.data', `shape ${shown} wants ${rows} texts and data holds ${texts.length}`);
  }
  return texts.map((text, index) => {
    if (typeof text === 'string' && text !== '' && text.length <= maxTextChars) return text;
    const field = `inputs.0.data.${index}`;
    throw refuse(field, `${field} must be text of 1 to ${maxTextChars} characters`, maxTextChars);
  });
}

function readTimeout(value: string | number | boolean | undefined): number | undefined {
  if (value === undefined) return undefined;
  const timeoutMs = Math.ceil(Number(value) / MICROSECONDS_PER_MS);
  if (timeoutMs >= 1) return timeoutMs;
  throw refuse('parameters.timeout', `parameters.timeout must be microseconds above 0, not ${String(value)}`);
}

function refuse(field: string, message: string, limit?: number): AppError {
  return new AppError('invalid-input', message, {
    details: { field, ...(limit !== undefined && { limit }) },
  });
}

/** The outputs asked for, and the bytes of those that were asked for as bytes. */
export function renderOutputs(
  outputs: InferenceRequest['outputs'],
  probabilities: readonly number[],
): { json: object[]; tensors: Buffer[] } {
  const shape = [probabilities.length];
  const labels = probabilities.map((probability) => LABELS[probability >= 0.5 ? 1 : 0]);
  const tensors: Buffer[] = [];
  const json = outputs.map(({ name, isBinary }) => {
    const isLabel = name === 'label';
    const datatype = isLabel ? 'BYTES' : 'FP64';
    if (!isBinary) return { name, datatype, shape, data: isLabel ? labels : probabilities };
    const tensor = isLabel ? encodeBytesTensor(labels) : encodeFloat64Tensor(probabilities);
    tensors.push(tensor);
    return { name, datatype, shape, parameters: { binary_data_size: tensor.length } };
  });
  return { json, tensors };
}
