/**
 * One stack for whatever a process opens. Released last in, first out: on a clean end, on a signal and when
 * start-up fails half way. The first error is kept and thrown after all have been released; a second release
 * does nothing.
 */
import { toError } from './errors.ts';
import type { Logger } from './log.ts';

export interface Closable {
  close(): Promise<void> | void;
}

export interface Resources {
  /** Puts an open thing on the stack and hands it back. */
  add<T extends Closable>(name: string, resource: T): T;
  /** Puts a release step on the stack. */
  defer(name: string, release: () => Promise<void> | void): void;
  release(): Promise<void>;
}

export function createResources(log: Logger): Resources {
  const stack: { name: string; release: () => Promise<void> | void }[] = [];
  let released: Promise<void> | undefined;

  const releaseAll = async (): Promise<void> => {
    let first: Error | undefined;
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      try {
        await entry.release();
      } catch (thrown) {
        const error = toError(thrown);
        log.error({ err: error, resource: entry.name }, 'a resource could not be released');
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  };

  return {
    add: (name, resource) => {
      stack.push({ name, release: () => resource.close() });
      return resource;
    },
    defer: (name, release) => {
      stack.push({ name, release });
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
