/** HTTP events to answers, unary and streaming through one door. Nothing that it begins lasts longer than its promise. */
import type { ApiResponse } from '#apiserver/door.ts';
import type { Clock } from '#machinery/clock.ts';
import { ApiError, internalError, timeout, tooLarge, unavailable } from '#machinery/status.ts';
import { StoreUnavailable } from '#store/errors.ts';
import { answer, type KeepAlive } from '../shared/answer.ts';
import type { Cluster } from '../shared/cluster.ts';
import { type EventRequest, requestOfEvent } from '../shared/http-event.ts';
import type { LambdaContext, ResponseStream, StreamingHandler } from '../shared/lambda.ts';
import type { Log } from '../shared/log.ts';
import { longRequest } from './long.ts';
import { routeOf } from './route.ts';

/** As kube-apiserver's `--max-request-body-bytes`. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** A stream ends this long before Lambda ends the environment; a short limit gives a quarter of itself. */
const END_BEFORE_MS = 30_000;

export interface ApiHandlerOptions {
  readonly cluster: (name: string) => Promise<Cluster | undefined>;
  readonly defaultCluster: string;
  /** Paths beside the clusters' own; `undefined` where it knows none. */
  readonly installation?: (request: EventRequest, signal: AbortSignal) => Promise<ApiResponse | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

const statusResponse = (error: ApiError): ApiResponse => ({
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

export function createApiHandler({ cluster, defaultCluster, installation, clock, log }: ApiHandlerOptions): StreamingHandler {
  async function respond(request: EventRequest, signal: AbortSignal, requestId: string): Promise<ApiResponse> {
    try {
      if (request.body !== undefined && request.body.byteLength > MAX_BODY_BYTES) throw tooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`);
      const own = await installation?.(request, signal);
      if (own !== undefined) return own;
      const { cluster: name, path } = routeOf(request.path, defaultCluster);
      const open = await cluster(name);
      if (open === undefined) throw noCluster(name);
      await open.wake();
      // one id from the door to the agent
      const headers = request.headers['audit-id'] === undefined ? { ...request.headers, 'audit-id': requestId } : request.headers;
      return await open.server.handle({ ...request, path, headers, signal });
    } catch (error) {
      if (error instanceof ApiError) return statusResponse(error);
      log('a request failed before the API server had it', error, { requestId });
      return statusResponse(
        error instanceof StoreUnavailable ? unavailable(error.message) : internalError(`request ${requestId} failed unexpectedly; the log has more under this id`, error),
      );
    }
  }

  return async (event: unknown, stream: ResponseStream, context: LambdaContext) => {
    const remaining = context.getRemainingTimeInMillis();
    const margin = Math.min(END_BEFORE_MS, remaining / 4);
    const endAt = clock.now() + remaining - margin;
    const given = requestOfEvent(event);
    const route = routeOf(given.path, defaultCluster);
    const long = longRequest({ ...given, path: route.path }, Math.max(1, Math.floor((remaining - margin) / 1000)));
    const request = { ...long.request, path: given.path };
    const abort = new AbortController();
    stream.once('close', () => abort.abort());
    let late = (): void => undefined;
    const limit = new Promise<ApiResponse>((resolve) => {
      late = clock.after(endAt - clock.now() + margin / 2, () => {
        abort.abort();
        resolve(statusResponse(timeout('the request did not finish within the time that the function has')));
      });
    });
    const work = respond(request, abort.signal, context.awsRequestId);
    const response = await Promise.race([work, limit]);
    late();
    const isStream = typeof response.body === 'object' && 'start' in response.body;
    const keepAlive: KeepAlive = isStream && response.status === 200 && (long.keepAlive !== 'newline' || isJson(response)) ? long.keepAlive : 'none';
    await answer(response, {
      stream,
      clock,
      keepAlive,
      endAt,
      head: request.method === 'HEAD',
      joinHeaders: (event as { readonly version?: string }).version === '2.0',
      gone: () => abort.abort(),
    });
    // a request that was given up has still to come to rest before the environment may be frozen
    await work;
  };
}

const isJson = ({ headers }: ApiResponse): boolean => String(headers['content-type']).startsWith('application/json');
