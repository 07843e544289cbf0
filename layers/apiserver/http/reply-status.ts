/** A Status in the form that the client takes, or as JSON where it takes none that there is. */
import type { Status } from '#machinery/status.ts';
import type { ApiResponse } from '../door.ts';
import { encodeObject, typeOf } from '../represent/encode.ts';
import { type Form, negotiate, PLAIN_JSON } from '../represent/media.ts';
import { parseQuery } from '../routing/query.ts';
import { prettied } from './reads.ts';
import { type Exchange, headersOf } from './reply.ts';

function formOf(exchange: Exchange): Form {
  let form: Form;
  try {
    form = negotiate(exchange.request.headers['accept'], 'plain', true);
  } catch {
    form = PLAIN_JSON;
  }
  return prettied(form, exchange, parseQuery(exchange.request.query));
}

export function replyStatus(exchange: Exchange, status: Status): ApiResponse {
  const form = formOf(exchange);
  const headers = headersOf(exchange, typeOf(form));
  const wait = status.details?.retryAfterSeconds;
  if (wait !== undefined && wait > 0 && (status.code === 429 || status.code >= 500)) headers['retry-after'] = String(wait);
  return { status: status.code, headers, body: form.media === 'json' && !form.pretty ? JSON.stringify(status) : encodeObject(status, form) };
}
