/** One request to one answer, whatever goes wrong: a client of Kubernetes always gets a Status. */
import type { ApiRequest, ApiResponse } from '#apiserver/door.ts';
import { ApiError, internalError, tooLarge } from '#machinery/status.ts';
import type { ApiClusters } from '../shared/api-clusters.ts';
import type { Cluster } from '../shared/cluster.ts';
import type { Log } from '../shared/log.ts';
import { accidentStatus } from '../shared/accident.ts';
import type { EventRequest } from '../shared/http-event.ts';
import { routeOf } from './route.ts';

/** As kube-apiserver's `--max-request-body-bytes`. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

export interface ResponderOptions {
  readonly cluster: ApiClusters;
  readonly defaultCluster: string;
  /** Paths beside the clusters' own; `undefined` where it knows none. */
  readonly installation?: (request: EventRequest, signal: AbortSignal) => Promise<ApiResponse | undefined>;
  readonly log: Log;
}

export const statusResponse = (error: ApiError): ApiResponse => ({
  status: error.status.code,
  headers: {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    ...(error.status.details?.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.status.details.retryAfterSeconds) }),
  },
  body: JSON.stringify(error.status),
});

const noCluster = (name: string): ApiError =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: `there is no cluster ${JSON.stringify(name)} here`, reason: 'NotFound', code: 404 });

/** The cluster that a path means, brought up to now, and the path within it. @throws ApiError where there is none */
export async function openRoute(
  path: string,
  { cluster, defaultCluster }: Pick<ResponderOptions, 'cluster' | 'defaultCluster'>,
): Promise<{ readonly open: Cluster; readonly path: string }> {
  const route = routeOf(path, defaultCluster);
  const open = await cluster(route.cluster);
  if (open === undefined) throw noCluster(route.cluster);
  await open.wake();
  return { open, path: route.path };
}

/** An error as the client is to see it; what nobody foresaw is in the log under the request's id. */
export function failureOf(error: unknown, requestId: string, log: Log): ApiError {
  if (error instanceof ApiError) return error;
  log('a request failed before the API server had it', error, { requestId });
  return accidentStatus(error) ?? internalError(`request ${requestId} failed unexpectedly; the log has more under this id`, error);
}

export type Responder = (request: EventRequest, signal: AbortSignal, requestId: string) => Promise<ApiResponse>;

export function createResponder({ installation, log, ...where }: ResponderOptions): Responder {
  return async (request, signal, requestId) => {
    try {
      if (request.body !== undefined && request.body.byteLength > MAX_BODY_BYTES) throw tooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`);
      const own = await installation?.(request, signal);
      if (own !== undefined) return own;
      const { open, path } = await openRoute(request.path, where);
      // one id from the door to the agent
      const headers = request.headers['audit-id'] === undefined ? { ...request.headers, 'audit-id': requestId } : request.headers;
      const inside: ApiRequest = { ...request, path, headers, signal };
      return await open.server.handle(inside);
    } catch (error) {
      return statusResponse(failureOf(error, requestId, log));
    }
  };
}
