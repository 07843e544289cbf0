/** GET of an object, a list, a watch. */
import { badRequest, methodNotAllowed } from '#machinery/status.ts';
import { type Call, refOf } from '../context.ts';
import type { ApiResponse } from '../door.ts';
import { encodeObject, encodeStored, servesBytes, typeOf } from '../represent/encode.ts';
import { encodeList, listObject, wholeList } from '../represent/list.ts';
import { type Form, negotiate } from '../represent/media.ts';
import type { IncludeObject } from '../represent/table.ts';
import { listOptions, parseQuery, type Query, resourceVersion } from '../routing/query.ts';
import { get } from '../verbs/get.ts';
import { list } from '../verbs/list.ts';
import { getScale } from '../verbs/scale.ts';
import { watch, type WatchEnvironment } from '../verbs/watch.ts';
import { frameForm } from '../watch/frames.ts';
import { hasProtobuf } from '../represent/protobuf.ts';
import { type Exchange, headersOf, reply, replyCompressed } from './reply.ts';

/** @throws ApiError 400 */
export function includeObject(query: Query): IncludeObject {
  const text = query.get('includeObject');
  switch (text) {
    case null:
    case '':
    case 'Metadata':
      return 'Metadata';
    case 'None':
    case 'Object':
      return text;
    default:
      throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
  }
}

export async function readObject(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const { request } = exchange;
  const form = negotiate(request.headers['accept'], 'object', hasProtobuf(call.kind));
  if (call.subresource === 'scale' && call.kind.scale !== undefined) return reply(exchange, 200, typeOf(form), encodeObject(await getScale(call), form));
  if (request.query === '' && servesBytes(call.kind, form) && !wantsPretty(exchange, undefined)) return reply(exchange, 200, typeOf(form), (await get(call)).body);
  const query = parseQuery(request.query);
  const stored = await get(call, resourceVersion(query.get('resourceVersion') ?? ''));
  const shown = prettied(form, exchange, query);
  return replyCompressed(exchange, 200, typeOf(form), encodeStored(call.kind, stored.body, shown, { include: includeObject(query), now: call.parts.clock.now(), headers: true }));
}

export async function readList(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const query = parseQuery(exchange.request.query);
  const options = listOptions(query, false);
  const negotiated = negotiate(exchange.request.headers['accept'], 'list', hasProtobuf(call.kind));
  const form = prettied(negotiated, exchange, query);
  const tableOptions = { include: includeObject(query), now: call.parts.clock.now(), headers: true };
  const result = await list(call, options);
  if (form.media !== 'json' || form.pretty) {
    const whole = await wholeList(result);
    return replyCompressed(exchange, 200, typeOf(form), encodeObject(listObject(call.kind, whole, form, tableOptions), form));
  }
  const body = encodeList(call.kind, result, form, tableOptions);
  return 'start' in body ? reply(exchange, 200, typeOf(form), body) : replyCompressed(exchange, 200, typeOf(form), body);
}

export async function readWatch(call: Call, exchange: Exchange, environment: WatchEnvironment): Promise<ApiResponse> {
  if (!call.kind.verbs.includes('watch')) throw methodNotAllowed(refOf(call.kind), 'watch');
  const query = parseQuery(exchange.request.query);
  const options = listOptions(query, true);
  const form = negotiate(exchange.request.headers['accept'], 'watch', hasProtobuf(call.kind));
  const body = await watch(call, options, frameForm(call.kind, form, includeObject(query)), environment);
  return { status: 200, headers: headersOf(exchange, form.media === 'protobuf' ? `${typeOf(form)};stream=watch` : typeOf(form)), body };
}

/** Asked for, or a browser or command-line fetcher that shows the answer to a person, as in Kubernetes. */
function wantsPretty({ request }: Exchange, query: Query | undefined): boolean {
  const asked = query?.get('pretty');
  if (asked !== null && asked !== undefined) return asked !== 'false' && asked !== '0';
  const agent = request.headers['user-agent'];
  return agent !== undefined && (agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
}

export function prettied(form: Form, exchange: Exchange, query: Query | undefined): Form {
  return form.media === 'json' && !form.pretty && wantsPretty(exchange, query) ? { ...form, pretty: true } : form;
}
