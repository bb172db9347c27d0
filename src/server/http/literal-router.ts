/**
 * Hono's trie, and what it found for paths that stand in the routes as they are: the walk over some hundred
 * routes with their patterns is the dearest part of a small request, and ends the same each time. Only
 * routes' own paths are remembered, so what is asked for cannot fill the memory.
 */
import type { Result, Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';

const PATTERN = /[:*{}?]/;

export class LiteralRouter<T> implements Router<T> {
  name = 'LiteralRouter';
  readonly #trie = new TrieRouter<T>();
  /** What was found by method, for each path without a pattern. */
  readonly #found = new Map<string, Map<string, Result<T>>>();

  add(method: string, path: string, handler: T): void {
    this.#trie.add(method, path, handler);
    for (const found of this.#found.values()) found.clear();
    if (!PATTERN.test(path)) this.#found.set(path, new Map());
  }

  match(method: string, path: string): Result<T> {
    const found = this.#found.get(path);
    if (found === undefined) return this.#trie.match(method, path);
    let result = found.get(method);
    if (result === undefined) found.set(method, (result = this.#trie.match(method, path)));
    return result;
  }
}
