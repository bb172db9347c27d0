/**
 * What waits for a session, in fair order: the texts of one call are spaced out in virtual time by what they
 * cost (start-time fair queueing, Goyal et al. 1996), and virtual time passes by each lane's share of what
 * was served (as in generalised processor sharing), so that a call of ten thousand texts and many calls of
 * one take turns and neither starves the other.
 *
 * A batch always holds the text whose turn it is; the rest of it are texts of like length among those next in
 * turn, since a batch is padded to its longest. Everything is counted in tokens, the unit that a session's
 * time is spent on.
 */
export interface Waiting<T> {
  readonly value: T;
  readonly tokens: number;
}

export interface FairCall {
  /** Takes what still waits of this call out of the queue and says how many texts that were. */
  cancel(): number;
}

/** Calls of one lane share one turn: the calls that the items of a client's batch make. */
export interface FairLane {
  /** Virtual time at which the lane's next text may be served. */
  turn: number;
  waiting: number;
}

export function createFairLane(): FairLane {
  return { turn: 0, waiting: 0 };
}

export interface FairQueue<T> {
  /** Adds the texts of one call, in order; in a lane of its own unless one is given. */
  push(texts: readonly Waiting<T>[], lane?: FairLane): FairCall;
  /**
   * Takes the next batch: at most `maxTokens` when padded (longest times count), except that a single longer
   * text is taken alone. Empty when nothing waits.
   */
  takeBatch(maxTokens: number): T[];
  readonly waitingTokens: number;
  readonly waitingTexts: number;
}

interface Entry<T> extends Waiting<T> {
  /** Virtual time from which it is this text's turn. */
  readonly turn: number;
  readonly order: number;
  readonly lane: FairLane;
  state: 'waiting' | 'taken' | 'cancelled';
}

/**
 * Texts next in turn among which a batch looks for its own length: enough to choose from, few enough to sort
 * each time.
 */
const WINDOW = 128;

export function createFairQueue<T>(): FairQueue<T> {
  let heap: Entry<T>[] = [];
  let virtualTime = 0;
  let arrivals = 0;
  let waitingTokens = 0;
  let waitingTexts = 0;
  let waitingLanes = 0;

  const remove = (entry: Entry<T>, state: 'taken' | 'cancelled'): void => {
    entry.state = state;
    waitingTokens -= entry.tokens;
    waitingTexts -= 1;
    entry.lane.waiting -= 1;
    if (entry.lane.waiting === 0) waitingLanes -= 1;
  };

  const nextInTurn = (): Entry<T>[] => {
    const window: Entry<T>[] = [];
    while (window.length < WINDOW) {
      const entry = popLeast(heap);
      if (entry === undefined) break;
      if (entry.state === 'waiting') window.push(entry);
    }
    return window;
  };

  /**
   * A cancelled call leaves its entries in the heap; without this a client could fill memory by cancelling.
   */
  const compact = (): void => {
    if (heap.length < 2 * waitingTexts + WINDOW) return;
    heap = heap.filter((entry) => entry.state === 'waiting').toSorted(compare);
  };

  return {
    push: (texts, lane = createFairLane()) => {
      lane.turn = Math.max(lane.turn, virtualTime);
      if (lane.waiting === 0 && texts.length > 0) waitingLanes += 1;
      lane.waiting += texts.length;
      const entries = texts.map(({ value, tokens }): Entry<T> => {
        const entry: Entry<T> = {
          value,
          tokens,
          turn: lane.turn,
          order: (arrivals += 1),
          lane,
          state: 'waiting',
        };
        lane.turn += tokens;
        return entry;
      });
      for (const entry of entries) {
        pushLeast(heap, entry);
        waitingTokens += entry.tokens;
      }
      waitingTexts += entries.length;
      return {
        cancel: () => {
          const left = entries.filter((entry) => entry.state === 'waiting');
          for (const entry of left) remove(entry, 'cancelled');
          compact();
          return left.length;
        },
      };
    },
    takeBatch: (maxTokens) => {
      const window = nextInTurn();
      const first = window[0];
      if (first === undefined) return [];
      const batch = new Set(chooseLikeLength(window, first, maxTokens));
      const sharers = waitingLanes;
      let served = 0;
      for (const entry of window) {
        if (batch.has(entry)) {
          served += entry.tokens;
          remove(entry, 'taken');
        } else pushLeast(heap, entry);
      }
      virtualTime += served / sharers;
      return [...batch].map((entry) => entry.value);
    },
    get waitingTokens() {
      return waitingTokens;
    },
    get waitingTexts() {
      return waitingTexts;
    },
  };
}

/**
 * What a run costs besides its padded tokens, in tokens: measured in int8, where it weighs most. `npm run
 * bench:serve -- --threads` shows it.
 */
const RUN_TOKENS = 16;

/**
 * The run of neighbours by length around `first` that grows by whichever neighbour wastes less, while that
 * lessens each text's share.
 */
function chooseLikeLength<T>(window: readonly Entry<T>[], first: Entry<T>, maxTokens: number): Entry<T>[] {
  const byLength = window.toSorted((a, b) => a.tokens - b.tokens || compare(a, b));
  let low = byLength.indexOf(first);
  let high = low + 1;
  let padding = 0;
  for (;;) {
    const shorter = byLength[low - 1];
    const longer = byLength[high];
    const longest = byLength[high - 1]?.tokens ?? 0;
    const grown = high - low + 1;
    const shorterFits = shorter !== undefined && longest * grown <= maxTokens;
    const longerFits = longer !== undefined && longer.tokens * grown <= maxTokens;
    // A shorter neighbour wastes padding on itself, a longer one on all the others: the cheaper of the two
    // joins.
    const wasteOfShorter = shorterFits ? longest - shorter.tokens : Infinity;
    const wasteOfLonger = longerFits ? (longer.tokens - longest) * (high - low) : Infinity;
    const waste = Math.min(wasteOfShorter, wasteOfLonger);
    // One text more shares in the run, and pays while it adds less padding than each of the others has to
    // bear.
    if (waste >= (RUN_TOKENS + padding) / (high - low)) return byLength.slice(low, high);
    padding += waste;
    if (wasteOfLonger <= wasteOfShorter) high += 1;
    else low -= 1;
  }
}

function compare(a: { turn: number; order: number }, b: { turn: number; order: number }): number {
  return a.turn - b.turn || a.order - b.order;
}

function pushLeast<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Entry<T>;
    if (compare(above, entry) <= 0) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function popLeast<T>(heap: Entry<T>[]): Entry<T> | undefined {
  const least = heap[0];
  const last = heap.pop();
  if (least === undefined || last === undefined || heap.length === 0) return least;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const left = heap[child];
    const right = heap[child + 1];
    if (left === undefined) break;
    if (right !== undefined && compare(right, left) < 0) child += 1;
    const lesser = heap[child] as Entry<T>;
    if (compare(lesser, last) >= 0) break;
    heap[at] = lesser;
    at = child;
  }
  heap[at] = last;
  return least;
}
