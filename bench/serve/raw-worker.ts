/** One raw session in a thread: token ids made beforehand, batches as they are told, nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { openClassifier } from '../../src/ml/index.ts';

export interface RawStart {
  modelDirectory: string;
  precision: 'fp32' | 'int8';
  threads: number;
  texts: string[];
  /** Shared by all threads: the number of the next batch. */
  counter: Int32Array;
}

export type ToRaw = { kind: 'run'; batchTexts: number; durationMs: number } | { kind: 'stop' };

if (parentPort === null) throw new Error('raw-worker is the entry of a worker thread');
const port = parentPort;
const { modelDirectory, precision, threads, texts, counter } = workerData as RawStart;
const classifier = await openClassifier(modelDirectory, { precision, threads, maxLength: 128 });
// Like lengths together: the best that batching can do.
const sequences = texts.map((text) => classifier.tokenize(text)).toSorted((a, b) => a.length - b.length);

port.on('message', (message: ToRaw) => {
  void (async () => {
    if (message.kind === 'stop') {
      port.close();
      await classifier.close();
      return;
    }
    const { batchTexts, durationMs } = message;
    const batches = Math.ceil(sequences.length / batchTexts);
    const endMs = performance.now() + durationMs;
    let scored = 0;
    while (performance.now() < endMs) {
      // A step coprime to most counts spreads long and short batches over the time.
      const at = ((Atomics.add(counter, 0, 1) * 17) % batches) * batchTexts;
      const batch = sequences.slice(at, at + batchTexts);
      await classifier.scoreTokens(batch);
      scored += batch.length;
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    port.postMessage({ kind: 'scored', texts: scored });
  })();
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
port.postMessage({ kind: 'ready' });
