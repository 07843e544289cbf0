/** HTTP events to answers, unary and streaming through one door. Nothing that it begins lasts longer than its promise. */
import type { ApiResponse } from '#apiserver/door.ts';
import type { Clock } from '#machinery/clock.ts';
import { timeout } from '#machinery/status.ts';
import { answer, type KeepAlive } from '../shared/answer.ts';
import { requestOfEvent } from '../shared/http-event.ts';
import type { LambdaContext, ResponseStream, StreamingHandler } from '../shared/lambda.ts';
import { longRequest } from './long.ts';
import { createResponder, type ResponderOptions, statusResponse } from './respond.ts';
import { routeOf } from './route.ts';

/** A stream ends this long before Lambda ends the environment; a short limit gives a quarter of itself. */
const END_BEFORE_MS = 30_000;

export interface ApiHandlerOptions extends ResponderOptions {
  readonly clock: Clock;
}

export function createApiHandler({ clock, ...responder }: ApiHandlerOptions): StreamingHandler {
  const respond = createResponder(responder);
  const { defaultCluster } = responder;
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
