/**
 * A process of its own that runs a model: in its main thread; asked by `thread`, in one as serving starts
 * them; asked by `stay`, until its standard input ends; asked by `alone`, as `stay` does with the library as
 * its maker ships it.
 */
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { threadEntryPoint } from '../../../src/core/paths.ts';
import { encodeModel } from '../../../src/ml/onnx/model.ts';

const mode = process.argv[2];
if (isMainThread && mode === 'thread') {
  await import('../../../src/serving/scoring/scoring-thread.ts');
  const { url, execArgv } = threadEntryPoint(import.meta.url, './run-model');
  await once(new Worker(url, { execArgv }), 'exit');
} else {
  const model = encodeModel({
    name: 'negative',
    nodes: [{ name: 'negate', type: 'Neg', inputs: ['x'], outputs: ['y'] }],
    initializers: [],
    inputs: [{ name: 'x', dtype: 'float32', shape: [2] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [2] }],
  });
  process.stdout.write(String([...(await (mode === 'alone' ? runAlone(model) : run(model)))]));
  if (isMainThread && (mode === 'stay' || mode === 'alone')) await once(process.stdin.resume(), 'end');
}

async function run(model: Uint8Array): Promise<Iterable<unknown>> {
  const { openOnnxSession } = await import('../../../src/ml/onnx/index.ts');
  const session = await openOnnxSession(model);
  const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [2] } });
  await session.close();
  return y?.data ?? [];
}

async function runAlone(model: Uint8Array): Promise<Iterable<unknown>> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(model);
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2), [2]) });
  return (await y?.getData()) as Float32Array;
}
