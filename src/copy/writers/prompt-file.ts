/** Prompts are data in versions: `assets/prompts/NAME.yaml`, or a file of one's own. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, toError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { packageRoot } from '../../core/paths.ts';

const lines = z.array(z.string());
const promptSchema = z.strictObject({
  system: lines.min(1),
  brand: lines.default([]),
  /** Where fields have texts that are not to be written again. */
  more: lines.default([]),
  repair: lines.default([]),
  text: lines.default([]),
});

export interface Prompt extends z.infer<typeof promptSchema> {
  /** `copy-3 (sha256 0123456789ab)`: which words a model was given. */
  version: string;
}

const NEWEST_PROMPT = 'copy-3';
const NAME = /^[a-z0-9-]+$/;

/**
 * @param name of a file in assets/prompts, or a path
 * @throws AppError `invalid-config` when it cannot be read
 */
export function loadPrompt(name = NEWEST_PROMPT): Prompt {
  const file = NAME.test(name)
    ? path.join(packageRoot, 'assets', 'prompts', `${name}.yaml`)
    : path.resolve(name);
  try {
    const text = readFileSync(file, 'utf8');
    const label = path.basename(file, path.extname(file));
    return {
      ...promptSchema.parse(parse(text)),
      version: `${label} (sha256 ${sha256Hex(text).slice(0, 12)})`,
    };
  } catch (thrown) {
    const reason = thrown instanceof z.ZodError ? z.prettifyError(thrown) : toError(thrown).message;
    throw new AppError('invalid-config', `copy.prompt is "${name}": ${file} cannot be used: ${reason}`, {
      cause: thrown,
      details: { key: 'copy.prompt' },
    });
  }
}

/** A paragraph of lines with its slots filled: `{language}`. */
export function fillPrompt(of: readonly string[], slots: Readonly<Record<string, string>>): string {
  return of.join(' ').replaceAll(/\{(\w+)\}/gu, (slot, name: string) => slots[name] ?? slot);
}
