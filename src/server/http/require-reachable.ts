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
    throw new AppError(error.code, `${field}: ${error.message}`, {
      cause: thrown,
      details: { ...error.details, field },
    });
  }
}
