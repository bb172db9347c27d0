/** The fetch of one download, for a client that takes a fetch but no signal: it hears the caller's and notices silence. */

export interface DownloadFetch {
  /** As fetch; every byte that arrives by it counts. */
  readonly send: typeof fetch;
  /** Whether nothing has arrived for so long that all requests were given up. */
  isStalled(): boolean;
  /** Ends what is still under way. */
  close(): void;
}

/** The platform's own fetch underneath, so that a proxy that is set for it holds here too. */
export function openDownloadFetch(stallTimeoutMs: number, signal?: AbortSignal): DownloadFetch {
  const aborter = new AbortController();
  const signals = AbortSignal.any(signal === undefined ? [aborter.signal] : [aborter.signal, signal]);
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    aborter.abort();
  }, stallTimeoutMs);
  const send: typeof fetch = async (input, init) => {
    const response = await fetch(input, { ...init, signal: signals });
    timer.refresh();
    return watchBody(response, () => timer.refresh());
  };
  return {
    send,
    isStalled: () => stalled,
    close: () => {
      clearTimeout(timer);
      aborter.abort();
    },
  };
}

/** The same response, telling of each part of its body as it arrives. */
function watchBody(response: Response, onBytes: () => void): Response {
  if (response.body === null) return response;
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      onBytes();
      controller.enqueue(bytes);
    },
  });
  const { status, statusText, headers, url } = response;
  const watched = new Response(response.body.pipeThrough(watch), { status, statusText, headers });
  // The hub's client asks where redirects led; a response that was made knows of none.
  return Object.defineProperty(watched, 'url', { value: url });
}
