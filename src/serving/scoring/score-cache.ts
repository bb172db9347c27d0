/** Scores of texts seen lately, by content and model version; a new version begins with none. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

export interface ScoreCache {
  get(version: string, text: string): number | undefined;
  set(version: string, text: string, probability: number): void;
}

/** @param entries how many scores are kept; 0 keeps none */
export function createScoreCache(entries: number): ScoreCache {
  if (entries === 0) return { get: () => undefined, set: () => undefined };
  const cache = new LRUCache<string, number>({ max: entries });
  return {
    get: (version, text) => cache.get(cacheKey(version, text)),
    set: (version, text, probability) => {
      cache.set(cacheKey(version, text), probability);
    },
  };
}

/** A digest, so that ten thousand long texts do not stay in memory. */
function cacheKey(version: string, text: string): string {
  return createHash('sha256').update(version).update('\0').update(text).digest('base64');
}
