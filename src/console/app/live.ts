/**
 * Data that follows the server: loaded once, and again whenever the server tells of a change of its topic.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { baseUrl } from './api.ts';

export interface Live<T> {
  data: T | undefined;
  /** Of the newest try; `data` then is the last that was heard. */
  error: Error | undefined;
  reload: () => void;
}

/** Where events do not pass, as behind some proxies. */
const POLL_MS = 5000;

/**
 * @param key what the loader depends on; another key loads anew and forgets the old data
 * @param topics of `/events`; without any the data is loaded once
 */
export function useLive<T>(key: string, topics: readonly string[], load: () => Promise<T>): Live<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: Error }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => {
    latest.current().then(
      (data) => setState({ key, data }),
      (cause: unknown) =>
        setState((old) => ({
          key,
          ...(old.key === key && old.data !== undefined ? { data: old.data } : {}),
          error: cause instanceof Error ? cause : new Error(String(cause)),
        })),
    );
  }, [key]);
  const wanted = topics.join(',');
  useEffect(() => {
    reload();
    return wanted === '' ? undefined : listen(wanted, reload);
  }, [reload, wanted]);
  return { data: state.key === key ? state.data : undefined, error: state.error, reload };
}

/** @returns what ends it */
function listen(topics: string, onChange: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  let waiting = false;
  // A burst of events is one reload a second.
  const soon = (): void => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
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
    document.removeEventListener('visibilitychange', soon);
  };
}
