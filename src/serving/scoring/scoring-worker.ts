/** Entry of a scoring thread: opens the model, then scores batch after batch until it is told to stop. */
import os from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { AppError, toAppError } from '../../core/errors.ts';
import { openClassifier, type Classifier } from '../../ml/index.ts';
import type { BatchScores, FromThread, ThreadStart, ToThread } from './scoring-thread.ts';

if (parentPort === null) throw new AppError('internal', 'scoring-worker is the entry of a worker thread');
await runScoring(parentPort, workerData as ThreadStart);

async function runScoring(port: MessagePort, start: ThreadStart): Promise<void> {
  const send = (message: FromThread): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    port.postMessage(message);
  };
  const isStopping = (): boolean => Atomics.load(start.stopFlag, 0) === 1;
  const refuse = (id: number | null, thrown: unknown): void => {
    const { code, message } = toAppError(thrown);
    send({ kind: 'refused', id, code, message });
  };

  // On Linux process 0 means the calling thread; elsewhere it would be the whole process.
  if (start.isBackground === true && os.platform() === 'linux')
    os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);
  let classifier: Classifier;
  try {
    const { modelDirectory, precision, threads, maxLength } = start;
    classifier = await openClassifier(modelDirectory, { precision, threads, maxLength });
  } catch (thrown) {
    refuse(null, thrown);
    port.close();
    return;
  }

  // One message at a time: a run holds this thread from its start to its end, so nothing overlaps.
  let work = Promise.resolve();
  const handle = async (before: Promise<void>, message: ToThread): Promise<void> => {
    await before;
    if (message.kind === 'stop') {
      port.close();
      await classifier.close();
      return;
    }
    try {
      if (isStopping()) throw new AppError('unavailable', 'this model version is being unloaded');
      send({ kind: 'scored', id: message.id, scores: await scoreBatch(classifier, message) });
    } catch (thrown) {
      refuse(message.id, thrown);
    }
  };
  port.on('message', (message: ToThread) => {
    work = handle(work, message);
  });
  const { precision, maxLength } = classifier.info;
  send({ kind: 'ready', precision, maxLength });
}

async function scoreBatch(
  classifier: Classifier,
  { ids, lengths }: Extract<ToThread, { kind: 'score' }>,
): Promise<BatchScores> {
  const startedMs = performance.now();
  let end = 0;
  const sequences = Array.from(lengths, (length) => ids.subarray(end, (end += length)));
  const probabilities = Float64Array.from(await classifier.scoreTokens(sequences));
  if (!probabilities.every(Number.isFinite)) {
    throw new AppError('bad-model', 'the model answered with something that is not a number');
  }
  return { probabilities, computeMs: performance.now() - startedMs };
}
