/**
 * The pool of connections. Waiting for a free one comes to an end: a caller is told to try again rather than
 * left to hang.
 */
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { AppError } from '../core/errors.ts';
import { explainConnectionLost } from './connection-lost.ts';

const ACQUIRE_TIMEOUT_MS = 15_000;
/** pg gives it no code. */
const NONE_FREE = 'timeout exceeded when trying to connect';

type Callback = Parameters<Pool['connect']>[0];

export function createBoundedPool(options: PoolConfig & { max: number }): Pool {
  const acquireTimeoutMs = options.connectionTimeoutMillis ?? ACQUIRE_TIMEOUT_MS;
  return new BoundedPool({ ...options, connectionTimeoutMillis: acquireTimeoutMs }, (cause) =>
    cause.message === NONE_FREE
      ? new AppError(
          'too-busy',
          `all ${options.max} PostgreSQL connections of this process were in use for ${acquireTimeoutMs / 1000} seconds: try again, or raise storage.poolSize`,
          { cause, details: { retryAfterSeconds: 1 } },
        )
      : (explainConnectionLost(cause) as Error),
  );
}

class BoundedPool extends Pool {
  readonly #explain: (error: Error) => Error;

  constructor(options: PoolConfig, explain: (error: Error) => Error) {
    super(options);
    this.#explain = explain;
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  /** With a callback it is `query` of the pool itself that asks. */
  override connect(callback?: Callback): Promise<PoolClient> | void {
    const explain = this.#explain;
    if (callback === undefined)
      return super.connect().catch((error: Error) => {
        throw explain(error);
      });
    super.connect((error, client, done) => callback(error && explain(error), client, done));
  }
}
