/**
 * What the writer and its generating process say to each other. One request at a time; both sides are ours,
 * so nothing is parsed twice.
 */

export interface LoadMessage {
  kind: 'load';
  /** A directory, or a hub id. */
  model: string;
  cacheDir: string | null;
  /** Of a GGUF model. */
  llama?: {
    packageName?: string | undefined;
    contextTokens?: number | undefined;
    threads?: number | undefined;
    lora?: string | undefined;
  };
}

export interface LocalPrompt {
  text: string;
  count: number;
  /** GBNF that each text is held to, where the process knows grammars. */
  grammar?: string;
}

export interface GenerateMessage {
  kind: 'generate';
  id: number;
  prompts: LocalPrompt[];
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
  | { kind: 'loaded'; fingerprint?: string }
  | { kind: 'load-failed'; reason: string }
  /** One text of many, as soon as it is there. */
  | { kind: 'written'; id: number; prompt: number; text: string }
  | { kind: 'generated'; id: number; texts: string[][] }
  | { kind: 'generate-failed'; id: number; reason: string };
