import { checkDestination, type DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError, toAppError } from '../../core/errors.ts';

/** The worker holds the request itself to the same policy; this answers early, and names the field. */
export async function requireReachable(
  field: string,
  url: string,
  destinations: DestinationPolicy,
): Promise<void> {
  try {
    await checkDestination(url, destinations);
  } catch (thrown) {
    const error = toAppError(thrown);
    // Of a worker it is worth another try; of a caller it is a name that was misspelt.
    const isUnknown = (error.cause as { code?: unknown } | undefined)?.code === 'ENOTFOUND';
    throw new AppError(isUnknown ? 'invalid-input' : error.code, `${field}: ${error.message}`, {
      cause: thrown,
      details: { ...error.details, field },
    });
  }
}
