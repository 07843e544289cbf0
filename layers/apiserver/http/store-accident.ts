/** A store that cannot take or answer, as the client is to see it: what waiting mends (429, 503), and what an operator must (500). */
import { type ApiError, internalError, tooManyRequests, unavailable } from '#machinery/status.ts';
import { StoreThrottled, type StoreUnavailable, StoreUnusable } from '#store/errors.ts';

/** client-go waits this long before it asks again. Seconds. */
const RETRY_SECONDS = 1;

export function storeAccident(error: StoreUnavailable): ApiError {
  if (error instanceof StoreThrottled) return tooManyRequests(`${error.message}; please try again later`, RETRY_SECONDS);
  return error instanceof StoreUnusable ? internalError(error.message, error) : unavailable(error.message);
}
