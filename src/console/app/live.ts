/**
 * Data that follows the server: loaded once, and again whenever the server tells of a change of its topic.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../client/index.ts';
import { toError } from '../parts/trouble.tsx';
import { baseUrl } from './api.ts';

export interface Live<T> {
  data: T | undefined;
  /** Of the newest try; `data` then is the last that was heard. */
  error: Error | undefined;
  reload: () => void;
}

/** Where events do not pass, as behind some proxies, and after a fault that may pass by itself. */
const POLL_MS = 5000;

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
export function useLive<T>(key: string, topics: readonly string[], load: () => Promise<T>): Live<T> {
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
    const stop = wanted === '' ? undefined : listen(wanted, reload);
    return () => {
      clearTimeout(again.current);
      turns.current.heard = Infinity;
      stop?.();
    };
  }, [key, reload, wanted]);
  const isOfKey = state.key === key;
  return { data: isOfKey ? state.data : undefined, error: isOfKey ? state.error : undefined, reload };
}

/** @returns what ends it */
function listen(topics: string, onChange: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  // A burst of events is one reload a second.
  const soon = (): void => {
    waiting ??= setTimeout(() => {
      waiting = undefined;
      if (!document.hidden) onChange();
    }, 1000);
  };
  const source = new EventSource(new URL(`events?topics=${encodeURIComponent(topics)}`, baseUrl));
  for (const topic of topics.split(',')) source.addEventListener(topic, soon);
  source.addEventListener('open', () => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    onChange();
  });
  source.addEventListener('error', () => {
    timer ??= setInterval(() => document.hidden || onChange(), POLL_MS);
  });
  document.addEventListener('visibilitychange', soon);
  return () => {
    source.close();
    clearInterval(timer);
    clearTimeout(waiting);
    document.removeEventListener('visibilitychange', soon);
  };
}
