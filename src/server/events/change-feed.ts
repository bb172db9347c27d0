/**
 * What changed, as it changes: one LISTEN for all who watch, and the last changes kept for those who were
 * away for a moment.
 */
import { randomSlug } from '../../core/ids.ts';
import type { Logger } from '../../core/log.ts';
import { openListener } from '../../db/index.ts';

/** The lists that tell of their changes; the database's triggers name them. */
export const TOPICS = ['runs', 'jobs', 'datasets', 'models', 'texts'] as const;
export type Topic = (typeof TOPICS)[number];

const CHANGE_CHANNEL = 'copyloop_changed';

export interface Change {
  /** `<feed>-<number>`: numbers count up within one server's life. */
  id: string;
  topic: Topic;
}

export interface ChangeFeed {
  /** @returns what ends it */
  subscribe(onChange: (change: Change) => void): () => void;
  /** Changes after the one with this id; undefined where it is of another server, or too long ago. */
  since(id: string): Change[] | undefined;
  close(): Promise<void>;
}

const KEPT = 256;

export async function openChangeFeed({ url, log }: { url: string; log: Logger }): Promise<ChangeFeed> {
  const feed = randomSlug(6);
  const kept: Change[] = [];
  const watching = new Set<(change: Change) => void>();
  let count = 0;
  const tell = (topic: Topic): void => {
    count += 1;
    const change = { id: `${feed}-${count}`, topic };
    kept.push(change);
    if (kept.length > KEPT) kept.shift();
    for (const onChange of watching) onChange(change);
  };
  const listener = await openListener({
    url,
    channel: CHANGE_CHANNEL,
    log,
    onNotify: (payload) => {
      // Empty after each (re)connection: anything may have changed meanwhile.
      for (const topic of TOPICS) if (payload === '' || payload === topic) tell(topic);
    },
  });
  return {
    subscribe: (onChange) => {
      watching.add(onChange);
      return () => watching.delete(onChange);
    },
    since: (id) => {
      const [name, number] = id.split('-');
      const last = Number(number);
      if (name !== feed || !Number.isInteger(last) || last > count || last < count - kept.length)
        return undefined;
      return kept.slice(kept.length - (count - last));
    },
    close: () => listener.close(),
  };
}
