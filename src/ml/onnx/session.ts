/** The only place that knows onnxruntime-node. */
import '../../core/config/no-telemetry.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { AppError, toError } from '../../core/errors.ts';
import { endedAtMarker, MARKER } from './in-place.ts';

export type FeedData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

export interface Feed {
  readonly data: FeedData;
  readonly shape: readonly number[];
}

export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once on the calling thread (two threads inside, by option) and returns every output.
   *
   * Feeds are read where they lie, without a copy. Memory of a SharedArrayBuffer is refused by the native
   * binding.
   */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Record<string, OnnxOutput>>;
  /**
   * Runs a graph made by `returningNothing` and writes its outputs where the caller wants them, without a
   * copy.
   *
   * @param into every output, in an array of exactly its size
   */
  runInto(feeds: Readonly<Record<string, Feed>>, into: Readonly<Record<string, Feed>>): Promise<void>;
  close(): Promise<void>;
}

export interface OnnxOutput {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export interface SessionOptions {
  /** Threads for one run; default 2. */
  threads?: number;
  /**
   * Threads wait in a loop for work between operators; default true. Faster for one training process;
   * set false where several sessions share the cores, as in serving.
   */
  spinning?: boolean;
  /** Writes a JSON trace of every operator beside this prefix, when the session closes. */
  profilePrefix?: string;
}

/**
 * Opens a model from its bytes or from a file. Throws `bad-model` naming the file when ONNX Runtime refuses
 * it.
 */
export async function openOnnxSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<OnnxSession> {
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads ?? 2,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // A pattern is kept for every batch shape, with a block as large as its peak: 0.5 GB more for our
    // training.
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: options.spinning === false ? '0' : '1' } } },
    ...(options.profilePrefix === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  };
  const session = await createSession(model, sessionOptions);
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (feeds) => {
      const outputs = await session.run(toTensors(session.inputNames, feeds));
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toOutput(value)]));
    },
    runInto: async (feeds, into) => {
      const outputs = session.outputNames.filter((name) => name !== MARKER);
      const fetches = { [MARKER]: null, ...toTensors(outputs, into) };
      try {
        await session.run(toTensors(session.inputNames, feeds), fetches);
      } catch (thrown) {
        if (!endedAtMarker(thrown)) throw thrown;
      }
    },
    close: async () => {
      if (options.profilePrefix !== undefined) session.endProfiling();
      await session.release();
    },
  };
}

async function createSession(
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  } catch (thrown) {
    const which = typeof model === 'string' ? model : `a model of ${model.byteLength} bytes`;
    throw new AppError('bad-model', `ONNX Runtime refuses ${which}: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}

function toTensors(names: readonly string[], feeds: Readonly<Record<string, Feed>>): Record<string, Tensor> {
  return Object.fromEntries(names.map((name) => [name, toTensor(name, feeds[name])]));
}

function toTensor(name: string, feed: Feed | undefined): Tensor {
  if (feed === undefined) {
    throw new AppError('internal', `the ONNX graph wants "${name}", which was not given`);
  }
  const { data, shape } = feed;
  if (data instanceof Float32Array) return new Tensor('float32', data, shape);
  if (data instanceof BigInt64Array) return new Tensor('int64', data, shape);
  if (data instanceof Int32Array) return new Tensor('int32', data, shape);
  return new Tensor('uint8', data, shape);
}

function toOutput(value: InferenceSession.OnnxValueMapType[string]): OnnxOutput {
  return { data: value.data as Float32Array, shape: value.dims };
}
