/**
 * Tokenizers on the event loop, by their content: versions trained from one base share one, so that a new
 * champion stops nobody to read a vocabulary.
 */
import path from 'node:path';
import { LRUCache } from 'lru-cache';
import { sha256File } from '../../core/ids.ts';
import { openTokenizer, type TextTokenizer } from '../../ml/index.ts';

export interface Tokenizers {
  /** @throws AppError `bad-model` when a tokenizer file is malformed */
  open(modelDirectory: string): Promise<TextTokenizer>;
}

/** Champion and challenger, and the ones before them, which a rollback brings back. */
const KEPT = 4;

export function createTokenizers(): Tokenizers {
  const opened = new LRUCache<string, TextTokenizer>({ max: KEPT });
  return {
    open: async (modelDirectory) => {
      const hashes = await Promise.all(
        ['tokenizer.json', 'tokenizer_config.json'].map((name) =>
          sha256File(path.join(modelDirectory, name)),
        ),
      );
      const key = hashes.join();
      const known = opened.get(key);
      if (known !== undefined) return known;
      const tokenizer = await openTokenizer(modelDirectory);
      opened.set(key, tokenizer);
      return tokenizer;
    },
  };
}
