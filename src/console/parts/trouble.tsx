/** Of a message that would push everything else off the page. */
const SHOWN_CHARS = 600;

/** An error: what happened, and a way to try again where there is one. */
export function Trouble({ error, retry }: { error: { message: string }; retry?: () => void }) {
  const isLong = error.message.length > 2 * SHOWN_CHARS;
  return (
    <div class="error" role="alert">
      <p class="foreign">{isLong ? `${error.message.slice(0, SHOWN_CHARS)}…` : error.message}</p>
      {isLong ? (
        <details>
          <summary>All {error.message.length.toLocaleString()} characters</summary>
          <p class="foreign">{error.message}</p>
        </details>
      ) : null}
      {retry === undefined ? null : (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Shown until the first data is there: an error, or a word that something is coming. */
export function Waiting({ error, retry }: { error: Error | undefined; retry: () => void }) {
  return error === undefined ? <p class="soft">Loading…</p> : <Trouble error={error} retry={retry} />;
}

export function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
