/** A process of its own that runs a model, in its main thread or, asked by `thread`, in one as serving starts them. */
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { threadEntryPoint } from '../../../src/core/paths.ts';

if (isMainThread && process.argv[2] === 'thread') {
  await import('../../../src/serving/scoring/scoring-thread.ts');
  const { url, execArgv } = threadEntryPoint(import.meta.url, './run-model');
  await once(new Worker(url, { execArgv }), 'exit');
} else {
  const { encodeModel, openOnnxSession } = await import('../../../src/ml/onnx/index.ts');
  const session = await openOnnxSession(
    encodeModel({
      name: 'negative',
      nodes: [{ name: 'negate', type: 'Neg', inputs: ['x'], outputs: ['y'] }],
      initializers: [],
      inputs: [{ name: 'x', dtype: 'float32', shape: [2] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [2] }],
    }),
  );
  const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [2] } });
  process.stdout.write(String([...(y?.data ?? [])]));
  await session.close();
}
