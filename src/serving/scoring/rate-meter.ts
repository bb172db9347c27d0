/** Tokens per second that one thread has lately been scoring, for Retry-After. */
export interface RateMeter {
  note(tokens: number, elapsedMs: number): void;
  /** Whole seconds, at least one, in which `threads` threads work off `tokens`. */
  secondsFor(tokens: number, threads: number): number;
}

/** Weight of the newest second of work against all before it. */
const NEWEST_SHARE_PER_SECOND = 0.3;
const LONGEST_SECONDS = 60;

export function createRateMeter(): RateMeter {
  let tokensSeen = 0;
  let secondsSeen = 0;
  return {
    note: (tokens, elapsedMs) => {
      const seconds = elapsedMs / 1000;
      const keep = (1 - NEWEST_SHARE_PER_SECOND) ** seconds;
      tokensSeen = tokensSeen * keep + tokens;
      secondsSeen = secondsSeen * keep + seconds;
    },
    secondsFor: (tokens, threads) => {
      if (tokensSeen === 0) return 1;
      const seconds = (tokens / Math.max(1, threads)) * (secondsSeen / tokensSeen);
      return Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(seconds)));
    },
  };
}
