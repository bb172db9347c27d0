/** How many sessions serve a model, and with how many ONNX Runtime threads each. */
import { availableParallelism } from 'node:os';

export interface ThreadCounts {
  sessions: number;
  threadsPerSession: number;
}

/**
 * One session of one thread per core, unless configured: sessions that share nothing do not wait for each
 * other between operators. `npm run bench:serve -- --threads` measures it on the machine at hand.
 *
 * @param configured 0 leaves a number to the cores
 */
export function chooseThreadCounts(
  configured: { threads: number; threadsPerSession: number },
  cores = availableParallelism(),
): ThreadCounts {
  const threadsPerSession = configured.threadsPerSession === 0 ? 1 : configured.threadsPerSession;
  const sessions =
    configured.threads === 0 ? Math.max(1, Math.floor(cores / threadsPerSession)) : configured.threads;
  return { sessions, threadsPerSession };
}
