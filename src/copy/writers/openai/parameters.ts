/**
 * What an endpoint was found not to take: left out from then on, so that one refusal is paid once and not
 * with each request.
 */
import { z } from 'zod';

/** Each of them only makes an answer better or cheaper; none is needed to get one. */
const PARAMETERS = [
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'stream_options',
  'response_format',
  'seed',
  'stream',
] as const;
export type Parameter = (typeof PARAMETERS)[number];

export interface RefusedParameters {
  /** The parameters without those that were refused. */
  leaveOut(parameters: Partial<Record<Parameter, unknown>>): Partial<Record<Parameter, unknown>>;
  /**
   * Whether the refusal names a parameter of the request, which is then left out: the request can be sent
   * again.
   */
  learn(sent: object, status: number, body: string): boolean;
}

const errorSchema = z.object({ error: z.object({ param: z.enum(PARAMETERS) }) });

export function createRefusedParameters(): RefusedParameters {
  const refused = new Set<Parameter>();
  return {
    leaveOut: (parameters) => {
      const kept = { ...parameters };
      if (refused.has('max_tokens')) kept.max_completion_tokens = kept.max_tokens;
      if (refused.has('stream')) refused.add('stream_options');
      for (const name of refused) delete kept[name];
      return kept;
    },
    learn: (sent, status, body) => {
      if (status !== 400 && status !== 422) return false;
      const named = nameOf(body, (name) => name in sent);
      if (named === undefined) return false;
      refused.add(named);
      return true;
    },
  };
}

/**
 * OpenAI says `param`; others name it in words, in a list of faults or in a path such as
 * `body.stream_options`.
 */
function nameOf(body: string, wasSent: (name: Parameter) => boolean): Parameter | undefined {
  const parsed = errorSchema.safeParse(parse(body));
  if (parsed.success && wasSent(parsed.data.error.param)) return parsed.data.error.param;
  return PARAMETERS.find((name) => wasSent(name) && new RegExp(`\\b${name}\\b`, 'u').test(body));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
