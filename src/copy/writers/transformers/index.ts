/**
 * The `transformers` writer: a local text-generation or text2text model, run by transformers.js in a process
 * of its own.
 */
import { createLocalWriter } from '../local/index.ts';
import { renderTextPrompt, tidyProposal } from '../prompt.ts';
import { loadPrompt, type Prompt } from '../prompt-file.ts';
import type { Writer } from '../writer.ts';

export interface TransformersWriterOptions {
  /** A model directory (config.json, tokenizer files, onnx/), or a Hugging Face hub id. */
  model: string;
  maxNewTokens: number;
  prompt?: Prompt;
  /** For one request, waiting and the first load included. Default 20,000. */
  timeoutMs?: number;
  /** Where hub files are kept; null leaves it to transformers.js. */
  cacheDir?: string | null;
}

const PROMPT_DESCRIPTION_CHARS = 600;

export function createTransformersWriter(
  options: TransformersWriterOptions,
): Writer & { close(): Promise<void> } {
  const { model, maxNewTokens, timeoutMs = 20_000, cacheDir = null, prompt = loadPrompt() } = options;
  return createLocalWriter({
    name: 'transformers',
    entry: { from: import.meta.url, file: './generate-process' },
    model,
    maxNewTokens,
    timeoutMs,
    cacheDir,
    promptVersion: prompt.version,
    parameters: { temperature: 0.9, top_k: 50 },
    toPrompt: (brief, field, writing) => ({
      text: renderTextPrompt(prompt, brief, field, writing, PROMPT_DESCRIPTION_CHARS),
      count: field.count,
    }),
    tidy: firstParagraph,
  });
}

/** Small models go on to invent the next product; what they were asked for ends with the paragraph. */
function firstParagraph(text: string): string {
  return tidyProposal(text.trim().split(/\n\s*\n|\n(?:Product|Description|Text):/u, 1)[0] ?? '');
}
