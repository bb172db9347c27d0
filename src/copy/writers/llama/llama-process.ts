/**
 * The child process that runs a GGUF model by node-llama-cpp, which copyloop does not install: generating
 * takes the processor for seconds, and a fault in native code must not take the server with it.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { toError } from '../../../core/errors.ts';
import type { ChildMessage, GenerateMessage, LoadMessage, ParentMessage } from '../local/messages.ts';

/** What is used of node-llama-cpp; it may not be there to take the types from. */
interface LlamaPackage {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{ getSequence(): { clearHistory(): Promise<void> } }>;
    }>;
    createGrammar(options: { grammar: string }): Promise<object>;
  }>;
  LlamaChatSession: new (options: object) => {
    setChatHistory(history: readonly object[]): void;
    prompt(text: string, options: object): Promise<string>;
  };
  resolveModelFile(name: string, options: object): Promise<string>;
}

type Generate = (
  message: GenerateMessage,
  signal: AbortSignal,
  onText: (prompt: number, text: string) => void,
) => Promise<string[][]>;

let generate: Generate | undefined;
const running = new Map<number, AbortController>();

function tell(message: ChildMessage): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ParentMessage) => {
  if (message.kind === 'cancel') running.get(message.id)?.abort();
  else void (message.kind === 'load' ? onLoad(message) : onGenerate(message));
});

async function onLoad(message: LoadMessage): Promise<void> {
  try {
    const loaded = await loadModel(message);
    generate = loaded.generate;
    tell({ kind: 'loaded', fingerprint: loaded.fingerprint });
  } catch (thrown) {
    tell({ kind: 'load-failed', reason: toError(thrown).message });
  }
}

async function onGenerate(message: GenerateMessage): Promise<void> {
  const { id } = message;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    if (generate === undefined) throw new Error('no model has been loaded');
    const texts = await generate(message, controller.signal, (prompt, text) =>
      tell({ kind: 'written', id, prompt, text }),
    );
    tell({ kind: 'generated', id, texts });
  } catch (thrown) {
    tell({ kind: 'generate-failed', id, reason: toError(thrown).message });
  } finally {
    running.delete(id);
  }
}

async function loadModel({ model, cacheDir, llama: settings }: LoadMessage) {
  const { packageName = 'node-llama-cpp', contextTokens = 4096, threads = 0, lora } = settings ?? {};
  if (lora !== undefined && !existsSync(lora))
    throw new Error(`its LoRA adapter ${lora} does not exist: correct copy.llama.lora, or leave it out`);
  const entry = path.isAbsolute(packageName) ? pathToFileURL(packageName).href : packageName;
  const { getLlama, LlamaChatSession, resolveModelFile } = (await import(entry).catch((thrown: unknown) => {
    throw new Error(
      `${packageName} is not installed (npm install node-llama-cpp; "copyloop doctor" says more): ${toError(thrown).message}`,
    );
  })) as LlamaPackage;
  const file = existsSync(model)
    ? path.resolve(model)
    : await resolveModelFile(model, { directory: cacheDir ?? 'models', cli: false });
  // Nothing is built and nothing fetched but the model.
  const llama = await getLlama({ build: 'never', progressLogs: false, logLevel: 'error' });
  const loaded = await llama.loadModel({ modelPath: file });
  const context = await loaded.createContext({
    contextSize: contextTokens,
    // Threads wait for each other without sleeping: where other work holds a core, all of them stand still.
    threads: threads > 0 ? threads : Math.max(1, os.availableParallelism() >> 1),
    ...(lora !== undefined && { lora: { adapters: [{ filePath: lora }] } }),
  });
  const sequence = context.getSequence();
  const session = new LlamaChatSession({ contextSequence: sequence });

  const run: Generate = async ({ prompts, seed, maxNewTokens }, signal, onText) => {
    const texts: string[][] = [];
    // The same request computes the same from the same state, whatever was asked before.
    await sequence.clearHistory();
    for (const [index, prompt] of prompts.entries()) {
      const grammar =
        prompt.grammar === undefined ? undefined : await llama.createGrammar({ grammar: prompt.grammar });
      const list: string[] = [];
      for (let at = 0; at < prompt.count; at += 1) {
        session.setChatHistory([]);
        // The prompt is computed once: the session keeps what its texts have in common.
        const text = await session.prompt(prompt.text, {
          seed: seed + index * 1000 + at,
          temperature: 0.8,
          topK: 40,
          maxTokens: maxNewTokens,
          repeatPenalty: { penalty: 1.15 },
          signal,
          ...(grammar !== undefined && { grammar }),
        });
        list.push(text);
        onText(index, text);
      }
      texts.push(list);
    }
    return texts;
  };
  return { generate: run, fingerprint: `sha256 ${await hashFile(file)}` };
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex').slice(0, 16);
}
