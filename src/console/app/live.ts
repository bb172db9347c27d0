/**
 * Data that follows the server: loaded once, and again whenever the server tells of a change of its topic.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../client/index.ts';
import { toError } from '../parts/trouble.tsx';
import { baseUrl, isSignedOut } from './api.ts';

export interface Live<T> {
  data: T | undefined;
  /** Of the newest try; `data` then is the last that was heard. */
  error: Error | undefined;
  reload: () => void;
}

interface LiveOptions {
  /** Loaded again after so long too, whatever is told. */
  everyMs?: number;
  /** However much is told, no sooner than so long after the last time. */
  gapMs?: number;
}

/** Where events do not pass, as behind some proxies, and after a fault that may pass by itself. */
const POLL_MS = 5000;

/** A burst of events is one reload. */
const BURST_MS = 1000;

/** What was last heard of the server; whoever shows it is told. */
const away = { since: undefined as number | undefined, listeners: new Set<() => void>() };

function noteAway(isAway: boolean): void {
  if (isAway === (away.since !== undefined)) return;
  away.since = isAway ? Date.now() : undefined;
  for (const listener of away.listeners) listener();
}

/** Since when the server or its database does not answer. */
export function useAway(): number | undefined {
  const [since, setSince] = useState(away.since);
  useEffect(() => {
    const listener = (): void => setSince(away.since);
    away.listeners.add(listener);
    return () => void away.listeners.delete(listener);
  }, []);
  return since;
}

/** Whether it may pass by itself: no server was reached, or it is not able to answer now. */
const mayPass = (error: Error): boolean =>
  error instanceof ApiError && error.code !== 'not-ready' && (error.status === null || error.status > 501);

/**
 * @param key what the loader depends on; another key loads anew and forgets the old data
 * @param topics of `/events`; without any the data is loaded once
 */
export function useLive<T>(
  key: string,
  topics: readonly string[],
  load: () => Promise<T>,
  { everyMs, gapMs = BURST_MS }: LiveOptions = {},
): Live<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: Error }>({ key });
  const latest = useRef({ key, load });
  latest.current = { key, load };
  const again = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // An answer that comes after that of a later request, of another key or to no page is dropped.
  const turns = useRef({ asked: 0, heard: 0 });
  const reload = useCallback(() => {
    clearTimeout(again.current);
    turns.current.asked += 1;
    const turn = turns.current.asked;
    const asked = latest.current;
    const isLate = (): boolean => {
      if (turn <= turns.current.heard) return true;
      turns.current.heard = turn;
      return false;
    };
    asked.load().then(
      (data) => {
        noteAway(false);
        return isLate() ? undefined : setState({ key: asked.key, data });
      },
      (cause: unknown) => {
        if (isLate()) return;
        const error = toError(cause);
        noteAway(mayPass(error));
        if (mayPass(error)) again.current = setTimeout(reload, POLL_MS);
        setState((old) => ({
          key: asked.key,
          ...(old.key === asked.key && old.data !== undefined ? { data: old.data } : {}),
          error,
        }));
      },
    );
  }, []);
  const wanted = topics.join(',');
  useEffect(() => {
    turns.current.heard = turns.current.asked;
    reload();
    const stop = wanted === '' ? undefined : listen(wanted, reload, gapMs);
    const timer = everyMs === undefined ? undefined : setInterval(() => canAsk() && reload(), everyMs);
    return () => {
      clearTimeout(again.current);
      clearInterval(timer);
      turns.current.heard = Infinity;
      stop?.();
    };
  }, [key, reload, wanted, everyMs, gapMs]);
  const isOfKey = state.key === key;
  return { data: isOfKey ? state.data : undefined, error: isOfKey ? state.error : undefined, reload };
}

/** Nobody looks, or nobody may. */
const canAsk = (): boolean => !document.hidden && !isSignedOut();

/** One stream for whatever the page shows: browsers keep six connections to a server, and no more. */
const stream = {
  source: undefined as EventSource | undefined,
  timer: undefined as ReturnType<typeof setInterval> | undefined,
  listeners: new Map<() => void, readonly string[]>(),
};
const TOPICS = ['runs', 'jobs', 'datasets', 'models', 'texts'];

function tell(topic?: string): void {
  for (const [soon, topics] of stream.listeners) if (topic === undefined || topics.includes(topic)) soon();
}

function openStream(): void {
  const source = new EventSource(new URL(`events?topics=${TOPICS.join(',')}`, baseUrl));
  for (const topic of TOPICS) source.addEventListener(topic, () => tell(topic));
  source.addEventListener('open', () => {
    if (stream.timer === undefined) return;
    clearInterval(stream.timer);
    stream.timer = undefined;
    tell();
  });
  source.addEventListener('error', () => {
    stream.timer ??= setInterval(tell, POLL_MS);
    // A browser gives up after an answer that is none, such as one that asks for a sign-in.
    if (source.readyState === EventSource.CLOSED && stream.source === source)
      setTimeout(() => {
        if (stream.source === source) openStream();
      }, POLL_MS);
  });
  stream.source = source;
}

/** @returns what ends it */
function listen(topics: string, onChange: () => void, gapMs: number): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let lastMs = 0;
  const soon = (): void => {
    const inMs = Math.max(BURST_MS, lastMs + gapMs - Date.now());
    waiting ??= setTimeout(() => {
      waiting = undefined;
      lastMs = Date.now();
      if (canAsk()) onChange();
    }, inMs);
  };
  stream.listeners.set(soon, topics.split(','));
  if (stream.source === undefined) openStream();
  document.addEventListener('visibilitychange', soon);
  return () => {
    clearTimeout(waiting);
    stream.listeners.delete(soon);
    document.removeEventListener('visibilitychange', soon);
  };
}
