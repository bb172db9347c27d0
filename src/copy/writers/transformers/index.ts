/**
 * The `transformers` writer: a local text-generation or text2text model, run by transformers.js in a process
 * of its own.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { AppError, toError } from '../../../core/errors.ts';
import { entryPoint } from '../../../core/paths.ts';
import { renderTextPrompt, tidyProposal } from '../prompt.ts';
import { loadPrompt, type Prompt } from '../prompt-file.ts';
import type { Authorship, Writer } from '../writer.ts';
import type { ChildMessage, ParentMessage } from './messages.ts';

export interface TransformersWriterOptions {
  /** A model directory (config.json, tokenizer files, onnx/), or a Hugging Face hub id. */
  model: string;
  maxNewTokens: number;
  prompt?: Prompt;
  /**
   * For one request, waiting and the first load included; after it the writer has failed, and loading goes on
   * for the next. Default 20,000.
   */
  timeoutMs?: number;
  /** Where hub files are kept; null leaves it to transformers.js. */
  cacheDir?: string | null;
}

const PROMPT_DESCRIPTION_CHARS = 600;

export function createTransformersWriter(
  options: TransformersWriterOptions,
): Writer & { close(): Promise<void> } {
  const { model, maxNewTokens, timeoutMs = 20_000, cacheDir = null, prompt = loadPrompt() } = options;
  let generator: Generator | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  return {
    name: 'transformers',
    async write(brief, fields, writing) {
      const { seed, signal, note } = writing;
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const work = turn.then(async () => {
        // One that waited too long does not begin.
        deadline.throwIfAborted();
        generator ??= openGenerator(model, cacheDir, () => (generator = undefined));
        return await generator.generate(
          fields.map((field) => ({
            text: renderTextPrompt(prompt, brief, field, writing, PROMPT_DESCRIPTION_CHARS),
            count: field.count,
          })),
          { maxNewTokens, seed, signal: deadline },
        );
      });
      turn = work.catch(() => undefined);
      try {
        const texts = await raceAbort(work, deadline);
        note?.(describe(model, prompt.version, maxNewTokens));
        return texts.map((list) => list.map(firstParagraph));
      } catch (thrown) {
        signal?.throwIfAborted();
        if (timeout.aborted)
          throw new AppError('timed-out', `the model ${model} gave no text within ${timeoutMs} ms`, {
            cause: thrown,
          });
        throw thrown;
      }
    },
    async close() {
      await generator?.close();
    },
  };
}

/** A local model costs nothing and counts no tokens for us. */
function describe(model: string, prompt: string, maxNewTokens: number): Authorship {
  return {
    model,
    fingerprint: null,
    prompt,
    parameters: { max_new_tokens: maxNewTokens, temperature: 0.9, top_k: 50 },
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    isCounted: false,
    cost: null,
    currency: null,
  };
}

/** Small models go on to invent the next product; what they were asked for ends with the paragraph. */
function firstParagraph(text: string): string {
  return tidyProposal(text.trim().split(/\n\s*\n|\n(?:Product|Description|Text):/u, 1)[0] ?? '');
}

interface Generator {
  generate(
    prompts: { text: string; count: number }[],
    options: { maxNewTokens: number; seed: number; signal: AbortSignal },
  ): Promise<string[][]>;
  close(): Promise<void>;
}

/**
 * Starts the process and the load; `onGone` is called when it ends, so that the next request starts another.
 */
function openGenerator(model: string, cacheDir: string | null, onGone: () => void): Generator {
  const { file, execArgv } = entryPoint(import.meta.url, './generate-process');
  const child = fork(file, [], {
    execArgv,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
  const gone = once(child, 'exit').then(onGone, onGone);
  const loaded = receive(child, (message) => {
    if (message.kind === 'loaded') return true;
    if (message.kind === 'load-failed')
      throw new AppError('bad-model', `cannot load the text model ${model}: ${message.reason}`);
    return undefined;
  });
  // A failed load is told to whoever asks; the process has no use any more.
  loaded.catch(() => child.kill('SIGKILL'));
  tell(child, { kind: 'load', model, cacheDir });
  let nextId = 1;
  return {
    async generate(prompts, { signal, ...settings }) {
      await loaded;
      signal.throwIfAborted();
      const id = nextId++;
      // What nobody waits for ends with the text at work.
      const onAbort = (): void => tell(child, { kind: 'cancel', id });
      signal.addEventListener('abort', onAbort, { once: true });
      const answer = receive(child, (message) => {
        if (message.kind === 'generated' && message.id === id) return message.texts;
        if (message.kind === 'generate-failed' && message.id === id) {
          throw new AppError('bad-model', `the text model ${model} failed: ${message.reason}`);
        }
        return undefined;
      });
      tell(child, { kind: 'generate', id, prompts, ...settings });
      return await answer.finally(() => signal.removeEventListener('abort', onAbort));
    },
    async close() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function tell(child: ChildProcess, message: ParentMessage): void {
  // A process that is gone is noticed by its exit event; the send's own error would say the same twice.
  child.send(message, () => undefined);
}

/**
 * The first message that `read` makes something of; rejects when `read` throws or the process ends before.
 */
async function receive<T>(child: ChildProcess, read: (message: ChildMessage) => T | undefined): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const finish = (): void => {
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
    };
    const onMessage = (message: ChildMessage): void => {
      try {
        const value = read(message);
        if (value === undefined) return;
        finish();
        resolve(value);
      } catch (thrown) {
        finish();
        reject(toError(thrown));
      }
    };
    const onExit = (code: number | null, killedBy: string | null): void => {
      finish();
      reject(
        new AppError('unavailable', `the text model's process ended (${killedBy ?? `exit code ${code}`})`),
      );
    };
    const onError = (error: Error): void => {
      finish();
      reject(
        new AppError('unavailable', `the text model's process cannot run: ${error.message}`, {
          cause: error,
        }),
      );
    };
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}

/** The work's outcome, or the signal's reason as soon as it is aborted; the work itself goes on. */
async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(toError(signal.reason));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
