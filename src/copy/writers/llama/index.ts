/**
 * The `llama` writer: a GGUF model in a process of its own, held to a grammar of the record's own words. One
 * model serves all requests, one after the other.
 */
import type { Brief } from '../../brief/index.ts';
import { shorten, wholeSentences } from '../../channels/index.ts';
import { createLocalWriter } from '../local/index.ts';
import { renderTextPrompt } from '../prompt.ts';
import { loadPrompt, type Prompt } from '../prompt-file.ts';
import type { FieldRequest, Writer, WriteOptions } from '../writer.ts';
import { renderGrammar } from './grammar.ts';

export interface LlamaWriterOptions {
  /** A GGUF file, or a hub id as node-llama-cpp takes it: `hf:user/model/file.gguf`. */
  model: string;
  /** A LoRA adapter's file. */
  lora?: string | undefined;
  /** Of prompt and answer together. Default 4096. */
  contextTokens?: number | undefined;
  /** Threads that compute; 0, the default, for half of the cores. */
  threads?: number | undefined;
  /** For one request, waiting and the first load included. Default 60,000. */
  timeoutMs?: number | undefined;
  /** Where hub files are kept. */
  cacheDir?: string | null | undefined;
  /** The package, or the path of its entry where it lies elsewhere. Default `node-llama-cpp`. */
  packageName?: string | undefined;
  prompt?: Prompt;
}

const PROMPT_DESCRIPTION_CHARS = 1200;
const MAX_NEW_TOKENS = 220;

export function createLlamaWriter(options: LlamaWriterOptions): Writer & { close(): Promise<void> } {
  const { model, lora, contextTokens, threads, packageName, prompt = loadPrompt() } = options;
  return createLocalWriter({
    name: 'llama',
    entry: { from: import.meta.url, file: './llama-process' },
    model,
    maxNewTokens: MAX_NEW_TOKENS,
    timeoutMs: options.timeoutMs ?? 60_000,
    cacheDir: options.cacheDir ?? null,
    load: { llama: { packageName, contextTokens, threads, lora } },
    promptVersion: prompt.version,
    parameters: { temperature: 0.8, top_k: 40, repeat_penalty: 1.15, grammar: 'words of the record' },
    toPrompt: (brief: Brief, field: FieldRequest, writing: WriteOptions) => ({
      text: renderTextPrompt(prompt, brief, field, writing, PROMPT_DESCRIPTION_CHARS),
      count: field.count,
      grammar: renderGrammar(brief, field),
    }),
    tidy: fitField,
  });
}

/** A text that ran into its last token ends with its last whole sentence. */
function fitField(text: string, field: FieldRequest): string {
  const trimmed = text.trim();
  const isShort = field.role === 'headline' || field.role === 'subject';
  const whole = isShort ? trimmed : wholeSentences(trimmed) || trimmed;
  return shorten(whole, { fits: field.fits, maxUnits: field.maxChars * 4 });
}
