/**
 * Returns the memory of dropped buffers now. The collector runs when its heap of small objects fills; a training drops buffers
 * of a hundred megabytes beside that heap and would otherwise hold several generations of them at its peak. Does nothing
 * where Node runs without --expose-gc; the training process runs with it.
 */
export function releaseMemory(): void {
  globalThis.gc?.();
}
