/** JSON patch (RFC 6902) with the limits and answers of Kubernetes. */
import { applyPatch, type Operation } from 'rfc6902';
import { clone } from './json.ts';
import { ApiError, badRequest, type Status, tooLarge } from './status.ts';

/** As kube-apiserver: a patch may hold this many operations. */
const MAX_OPERATIONS = 10_000;

/** Clients are told no more than that it does not apply; the cause says why. */
function unprocessable(message: string): ApiError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  };
  return new ApiError(status, { cause: new Error(message) });
}

/** Why a patch does not apply. */
export const whyNot = (error: ApiError): string => (error.cause instanceof Error ? error.cause.message : error.message);

/** `current` is not changed. @throws ApiError 400 for a patch that is none, 413 for too many operations, 422 for one that does not apply */
export function jsonPatch(current: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  for (const operation of patch as readonly Record<string, unknown>[]) {
    if (typeof operation !== 'object' || operation === null || typeof operation['op'] !== 'string' || typeof operation['path'] !== 'string')
      throw unprocessable('each operation needs "op" and "path"');
    if (/(^|\/)(__proto__|constructor|prototype)(\/|$)/.test(operation['path'])) throw unprocessable(`replace operation does not apply: doc is missing path: ${operation['path']}`);
  }
  const document = { root: clone(current) };
  // under a root of its own, so that '' may replace the whole
  const operations = (patch as readonly Record<string, unknown>[]).map((operation) => ({
    ...operation,
    path: `/root${operation['path'] as string}`,
    ...(typeof operation['from'] === 'string' ? { from: `/root${operation['from']}` } : {}),
  })) as unknown as Operation[];
  const failed = applyPatch(document, operations).find((outcome) => outcome !== null);
  if (failed !== undefined) throw unprocessable(failed.message.replaceAll('/root', ''));
  return document.root;
}
