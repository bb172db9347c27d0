/**
 * One stack for whatever a process opens. Released last in, first out: on a clean end, on a signal and when
 * start-up fails half way. The first error is kept and thrown after all have been released; a second release
 * does nothing.
 */
import { SECOND_MS, withDeadline } from './clock.ts';
import { AppError, toError } from './errors.ts';
import type { Logger } from './log.ts';

export interface Closable {
  close(): Promise<void> | void;
  /** Of what bounds its closing itself; whatever else takes longer than `RELEASE_MS` is left behind. */
  readonly closesWithinMs?: number;
}

/**
 * A connection whose other end has gone silent never says that it is closed: nobody waits longer for it.
 * After the first such there are likely others, which get a fifth of it.
 */
export const RELEASE_MS = 10 * SECOND_MS;

export interface Resources {
  /** Puts an open thing on the stack and hands it back. */
  add<T extends Closable>(name: string, resource: T): T;
  /** Puts a release step on the stack, that takes at most `withinMs`. */
  defer(name: string, release: () => Promise<void> | void, withinMs?: number): void;
  release(): Promise<void>;
}

/** @param releaseMs for what does not say itself how long it takes */
export function createResources(log: Logger, releaseMs = RELEASE_MS): Resources {
  const stack: { name: string; withinMs: number; release: () => Promise<void> | void }[] = [];
  let released: Promise<void> | undefined;

  const releaseAll = async (): Promise<void> => {
    let first: Error | undefined;
    let patienceMs = Infinity;
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      try {
        const withinMs = entry.withinMs === Infinity ? Infinity : Math.min(entry.withinMs, patienceMs);
        await withDeadline(
          Promise.resolve(entry.release()),
          withinMs,
          `${entry.name} is not released after ${withinMs} ms and is left behind: what it is connected to does not answer`,
        );
      } catch (thrown) {
        const error = toError(thrown);
        if (thrown instanceof AppError && thrown.code === 'timed-out') patienceMs = releaseMs / 5;
        log.error({ err: error, resource: entry.name }, 'a resource could not be released');
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  };

  return {
    add: (name, resource) => {
      const withinMs = resource.closesWithinMs ?? releaseMs;
      stack.push({ name, withinMs, release: () => resource.close() });
      return resource;
    },
    defer: (name, release, withinMs = releaseMs) => {
      stack.push({ name, withinMs, release });
    },
    release: () => (released ??= releaseAll()),
  };
}

/** Runs `body` with a stack of its own that is released whether it returns or throws. */
export async function withResources<T>(log: Logger, body: (resources: Resources) => Promise<T>): Promise<T> {
  const resources = createResources(log);
  try {
    return await body(resources);
  } finally {
    await resources.release();
  }
}
