/**
 * What an endpoint was found not to take: left out, or said in its other way, from then on, so that one
 * refusal is paid once and not with each request.
 */
import { z } from 'zod';

/** Each of them only makes an answer better or cheaper; none is needed to get one. */
const PARAMETERS = [
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'stream_options',
  'response_format',
  'random_seed',
  'seed',
  'stream',
] as const;
export type Parameter = (typeof PARAMETERS)[number];
export type Parameters = Partial<Record<Parameter, unknown>>;

export interface RefusedParameters {
  /** The parameters as the endpoint takes them, by what is known so far. */
  leaveOut(parameters: Parameters): Parameters;
  /**
   * Whether the refusal names a parameter of the request, which is then left out: the request can be sent
   * again.
   */
  learn(sent: object, status: number, body: string): boolean;
}

const errorSchema = z.object({ error: z.object({ param: z.string() }) });

export function createRefusedParameters(): RefusedParameters {
  const refused = new Set<Parameter>();
  let isSchemaRefused = false;
  let isSeedRandom = false;
  return {
    leaveOut: (parameters) => {
      const kept = { ...parameters };
      if (refused.has('max_tokens')) kept.max_completion_tokens = kept.max_tokens;
      if (isSeedRandom) kept.random_seed = kept.seed;
      if (refused.has('stream')) refused.add('stream_options');
      if (isSchemaRefused) kept.response_format = { type: 'json_object' };
      for (const name of refused) delete kept[name];
      return kept;
    },
    learn: (sent, status, body) => {
      if (status !== 400 && status !== 422) return false;
      const named = nameOf(body, (name) => name in sent);
      if (named === undefined) return false;
      if (named === 'response_format' && !isSchemaRefused && mayTakeObject(body)) {
        isSchemaRefused = true;
        return true;
      }
      if (named === 'seed') isSeedRandom = /random_seed/u.test(body);
      refused.add(named);
      return true;
    },
  };
}

/** Whoever lists what it takes, and not this, does not take it. */
function mayTakeObject(body: string): boolean {
  return /json_object/u.test(body) || !/['"`]text['"`]/u.test(body);
}

/**
 * OpenAI says `param`, of a nested one its path; others name it in words, in a list of faults or in a path
 * such as `body.stream_options`.
 */
function nameOf(body: string, wasSent: (name: Parameter) => boolean): Parameter | undefined {
  const parsed = errorSchema.safeParse(parse(body));
  const path = parsed.success ? parsed.data.error.param.split('.')[0] : undefined;
  const named = PARAMETERS.find((name) => name === path);
  if (named !== undefined && wasSent(named)) return named;
  // Some say what they have for it instead: what was sent is what is refused.
  return PARAMETERS.find((name) => wasSent(name) && new RegExp(`\\b${name}\\b`, 'u').test(body));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
