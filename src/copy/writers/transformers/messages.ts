/**
 * What the writer and its generating process say to each other. One request at a time; both sides are ours,
 * so nothing is parsed twice.
 */

export interface LoadMessage {
  kind: 'load';
  /** A directory, or a hub id. */
  model: string;
  cacheDir: string | null;
}

export interface GenerateMessage {
  kind: 'generate';
  id: number;
  prompts: { text: string; count: number }[];
  maxNewTokens: number;
  seed: number;
}

/** Nobody waits for the request any more. */
export interface CancelMessage {
  kind: 'cancel';
  id: number;
}

export type ParentMessage = LoadMessage | GenerateMessage | CancelMessage;

export type ChildMessage =
  | { kind: 'loaded' }
  | { kind: 'load-failed'; reason: string }
  | { kind: 'generated'; id: number; texts: string[][] }
  | { kind: 'generate-failed'; id: number; reason: string };
