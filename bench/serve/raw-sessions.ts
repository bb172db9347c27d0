/** What the raw sessions do on the same texts without a server: the ceiling. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { threadEntryPoint } from '../../src/core/paths.ts';
import type { RawStart, ToRaw } from './raw-worker.ts';

export interface RawSessions {
  /** Texts per second of all sessions together. */
  measure(batchTexts: number, durationMs: number): Promise<number>;
  close(): Promise<void>;
}

export async function openRawSessions(options: {
  modelDirectory: string;
  precision: 'fp32' | 'int8';
  sessions: number;
  threadsPerSession: number;
  texts: string[];
}): Promise<RawSessions> {
  const { modelDirectory, precision, sessions, threadsPerSession: threads, texts } = options;
  const counter = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const { url, execArgv } = threadEntryPoint(import.meta.url, './raw-worker');
  const workerData: RawStart = { modelDirectory, precision, threads, texts, counter };
  const workers = Array.from({ length: sessions }, () => new Worker(url, { workerData, execArgv }));
  const answerOf = async (worker: Worker): Promise<{ texts?: number }> => {
    const [message] = (await once(worker, 'message')) as [{ texts?: number }];
    return message;
  };
  const tell = (message: ToRaw): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    for (const worker of workers) worker.postMessage(message);
  };
  await Promise.all(workers.map(answerOf));
  return {
    measure: async (batchTexts, durationMs) => {
      const startedMs = performance.now();
      const answers = workers.map(answerOf);
      tell({ kind: 'run', batchTexts, durationMs });
      const scored = (await Promise.all(answers)).reduce((sum, answer) => sum + (answer.texts ?? 0), 0);
      return scored / ((performance.now() - startedMs) / 1000);
    },
    close: async () => {
      const gone = workers.map((worker) => once(worker, 'exit'));
      tell({ kind: 'stop' });
      await Promise.all(gone);
    },
  };
}
