/**
 * The child process that runs a local language model. Generating blocks its thread for seconds and cannot be
 * interrupted there, so it has a process of its own, which may be killed. It ends when its parent is gone.
 */
import '../../../core/config/no-telemetry.ts';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { toError } from '../../../core/errors.ts';
import type { ChildMessage, GenerateMessage, LoadMessage, ParentMessage } from '../local/messages.ts';

type Generate = (prompt: string, count: number, maxNewTokens: number, seed: number) => Promise<string[]>;

let generate: Generate | undefined;
const cancelled = new Set<number>();

function tell(message: ChildMessage): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ParentMessage) => {
  if (message.kind === 'cancel') cancelled.add(message.id);
  else void (message.kind === 'load' ? onLoad(message) : onGenerate(message));
});

async function onLoad(message: LoadMessage): Promise<void> {
  try {
    generate = await loadModel(message);
    tell({ kind: 'loaded' });
  } catch (thrown) {
    tell({ kind: 'load-failed', reason: toError(thrown).message });
  }
}

async function onGenerate({ id, prompts, maxNewTokens, seed }: GenerateMessage): Promise<void> {
  try {
    if (generate === undefined) throw new Error('no model has been loaded');
    const texts: string[][] = [];
    for (const [index, prompt] of prompts.entries()) {
      // A message is read only between two texts: generating keeps the thread.
      await setImmediate();
      if (cancelled.delete(id)) throw new Error('nobody waits for it');
      texts.push(await generate(prompt.text, prompt.count, maxNewTokens, seed + index));
    }
    tell({ kind: 'generated', id, texts });
  } catch (thrown) {
    tell({ kind: 'generate-failed', id, reason: toError(thrown).message });
  }
}

async function loadModel({ model, cacheDir }: LoadMessage): Promise<Generate> {
  const { AutoConfig, env, pipeline, random } = await import('@huggingface/transformers');
  const folder = path.resolve(model);
  const isLocal = existsSync(path.join(folder, 'config.json'));
  let name = model;
  if (isLocal) {
    env.allowRemoteModels = false;
    env.localModelPath = path.dirname(folder);
    name = path.basename(folder);
  }
  if (cacheDir !== null) env.cacheDir = cacheDir;
  const hasInt8 = ['model', 'decoder_model_merged'].some((file) =>
    existsSync(path.join(folder, 'onnx', `${file}_quantized.onnx`)),
  );
  const options = {
    dtype: isLocal && !hasInt8 ? 'fp32' : 'q8',
    device: 'cpu',
    local_files_only: isLocal,
  } as const;
  const config = await AutoConfig.from_pretrained(name, { local_files_only: isLocal });
  const sampling = { do_sample: true, temperature: 0.9, top_k: 50 };

  if (config.is_encoder_decoder) {
    const model2text = await pipeline('text2text-generation', name, options);
    return async (prompt, count, maxNewTokens, seed) => {
      random.seed(seed);
      const output: unknown = await model2text(repeat(prompt, count), {
        ...sampling,
        max_new_tokens: maxNewTokens,
      });
      return readTexts(output);
    };
  }
  const generator = await pipeline('text-generation', name, options);
  const isChat =
    generator.tokenizer.chat_template !== null && generator.tokenizer.chat_template !== undefined;
  return async (prompt, count, maxNewTokens, seed) => {
    random.seed(seed);
    const settings = { ...sampling, max_new_tokens: maxNewTokens, return_full_text: false };
    const output: unknown = isChat
      ? await generator(repeat([{ role: 'user', content: prompt }], count), settings)
      : await generator(repeat(prompt, count), settings);
    return readTexts(output);
  };
}

function repeat<T>(item: T, count: number): T[] {
  return Array.from({ length: count }, () => item);
}

/**
 * The generated texts, whatever the nesting: one list a prompt or one flat list, plain texts or chats (whose
 * last message counts).
 */
function readTexts(output: unknown): string[] {
  if (Array.isArray(output)) return output.flatMap((item: unknown) => readTexts(item));
  if (typeof output !== 'object' || output === null || !('generated_text' in output)) return [];
  const generated = output.generated_text;
  if (typeof generated === 'string') return [generated];
  if (!Array.isArray(generated)) return [];
  const last: unknown = generated.at(-1);
  return typeof last === 'object' && last !== null && 'content' in last && typeof last.content === 'string'
    ? [last.content]
    : [];
}
