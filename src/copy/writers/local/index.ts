/**
 * What writers by a local model have in common: one process that holds the model and generates one request
 * after the other, cancelled with its caller.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { WriterName } from '../../../core/config/index.ts';
import { AppError, toError } from '../../../core/errors.ts';
import { entryPoint } from '../../../core/paths.ts';
import type { Brief } from '../../brief/index.ts';
import type { FieldRequest, Writer, WriteOptions } from '../writer.ts';
import type { ChildMessage, LoadMessage, LocalPrompt, ParentMessage } from './messages.ts';

export interface LocalWriterOptions {
  name: WriterName;
  /** The module that the process runs. */
  entry: { from: string; file: string };
  model: string;
  /** Where hub files are kept; null leaves it to the library. */
  cacheDir: string | null;
  /** What else the process needs to load. */
  load?: Pick<LoadMessage, 'llama'>;
  maxNewTokens: number;
  /**
   * For one request, waiting and the first load included; after it the writer has failed, and loading goes on
   * for the next.
   */
  timeoutMs: number;
  promptVersion: string;
  /** For receipts. */
  parameters: Readonly<Record<string, unknown>>;
  toPrompt(brief: Brief, field: FieldRequest, writing: WriteOptions): LocalPrompt;
  tidy(text: string, field: FieldRequest): string;
}

export function createLocalWriter(options: LocalWriterOptions): Writer & { close(): Promise<void> } {
  const { name, model, maxNewTokens, timeoutMs, promptVersion, parameters } = options;
  let generator: Generator | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  return {
    name,
    async write(brief, fields, writing) {
      const { seed, signal, note } = writing;
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const written: string[][] = fields.map(() => []);
      const work = turn.then(async () => {
        // One that waited too long does not begin.
        deadline.throwIfAborted();
        generator ??= openGenerator(options, () => (generator = undefined));
        const prompts = fields.map((field) => options.toPrompt(brief, field, writing));
        return await generator.generate(prompts, { maxNewTokens, seed, signal: deadline, written });
      });
      turn = work.catch(() => undefined);
      try {
        const { texts, fingerprint } = await raceAbort(work, deadline).catch((thrown: unknown) => {
          // What was written in time is as good as if it were all.
          const isLate = toError(thrown).name === 'TimeoutError' && written.some(({ length }) => length > 0);
          if (isLate) return { texts: written, fingerprint: generator?.fingerprint() ?? null };
          throw thrown;
        });
        // A local model costs nothing and counts no tokens for us.
        note?.({
          model,
          fingerprint,
          prompt: promptVersion,
          parameters: { max_new_tokens: maxNewTokens, ...parameters },
          promptTokens: 0,
          cachedTokens: 0,
          completionTokens: 0,
          isCounted: false,
          cost: null,
          currency: null,
        });
        return fields.map((field, at) => (texts[at] ?? []).map((text) => options.tidy(text, field)));
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

interface Generator {
  generate(
    prompts: LocalPrompt[],
    options: {
      maxNewTokens: number;
      seed: number;
      signal: AbortSignal;
      /** Takes each text as soon as it is there, where the process tells. */
      written: string[][];
    },
  ): Promise<{ texts: string[][]; fingerprint: string | null }>;
  /** Of the loaded model; null before. */
  fingerprint(): string | null;
  close(): Promise<void>;
}

/**
 * Starts the process and the load; `onGone` is called when it ends, so that the next request starts another.
 */
function openGenerator({ model, cacheDir, entry, load }: LocalWriterOptions, onGone: () => void): Generator {
  const { file, execArgv } = entryPoint(entry.from, entry.file);
  const child = fork(file, [], {
    execArgv,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
  const gone = once(child, 'exit').then(onGone, onGone);
  const loaded = receive(child, (message) => {
    if (message.kind === 'loaded') return { fingerprint: message.fingerprint ?? null };
    if (message.kind === 'load-failed')
      throw new AppError('bad-model', `cannot load the text model ${model}: ${message.reason}`);
    return undefined;
  });
  // A failed load is told to whoever asks; the process has no use any more.
  loaded.catch(() => child.kill('SIGKILL'));
  tell(child, { kind: 'load', model, cacheDir, ...load });
  let nextId = 1;
  let known: string | null = null;
  return {
    fingerprint: () => known,
    async generate(prompts, { signal, written, ...settings }) {
      const { fingerprint } = await loaded;
      known = fingerprint;
      signal.throwIfAborted();
      const id = nextId++;
      // What nobody waits for ends with the text at work.
      const onAbort = (): void => tell(child, { kind: 'cancel', id });
      signal.addEventListener('abort', onAbort, { once: true });
      const answer = receive(child, (message) => {
        if (message.kind === 'written' && message.id === id) written[message.prompt]?.push(message.text);
        if (message.kind === 'generated' && message.id === id) return message.texts;
        if (message.kind === 'generate-failed' && message.id === id) {
          throw new AppError('bad-model', `the text model ${model} failed: ${message.reason}`);
        }
        return undefined;
      });
      tell(child, { kind: 'generate', id, prompts, ...settings });
      const texts = await answer.finally(() => signal.removeEventListener('abort', onAbort));
      return { texts, fingerprint };
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
