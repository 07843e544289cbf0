/** Writes that the server refuses for reasons that others may take away: a full quota, a name in use, a rule of admission. */
import type { Result } from '#control/controller.ts';
import { ApiError } from '#machinery/status.ts';
import { isNamespaceTerminating } from '../replicas/manage.ts';

/** Nothing tells when the reason is gone, and each attempt leaves an event. */
const WAIT_S = 10;

/** Asks again later after a refusal; never where the namespace goes. @throws any other error */
export function refusalWait(error: unknown): Result {
  if (isNamespaceTerminating(error)) return {};
  if (error instanceof ApiError && ['Forbidden', 'AlreadyExists', 'Invalid'].includes(error.status.reason ?? '')) return { requeueAfterSeconds: WAIT_S };
  throw error;
}
