import { sleep } from '../core/clock.ts';

export interface FollowOptions {
  signal?: AbortSignal | undefined;
  /** Half a second when left out. */
  pollMs?: number | undefined;
}

const POLL_MS = 500;

/** What `get` shows, each time that it changed, until it is no longer active. */
export async function* followUntilEnded<T extends { status: string }>(
  get: (signal: AbortSignal | undefined) => Promise<T>,
  { signal, pollMs = POLL_MS }: FollowOptions,
): AsyncGenerator<T> {
  let shown = '';
  for (;;) {
    const found = await get(signal);
    const state = JSON.stringify(found);
    if (state !== shown) yield found;
    if (found.status !== 'active') return;
    shown = state;
    await sleep(pollMs, signal);
  }
}
