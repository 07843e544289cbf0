/** POST, PUT, PATCH and DELETE: the body and the options taken in, the verb called, its object sent back. */
import type { Kind } from '#kinds/kind.ts';
import { invalid } from '#machinery/field-error.ts';
import { clone } from '#machinery/json.ts';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, invalidObject, success } from '#machinery/status.ts';
import { type Call, refOf } from '../context.ts';
import type { ApiResponse } from '../door.ts';
import { encodeObject, represent, servesBytes, typeOf } from '../represent/encode.ts';
import { type Form, negotiate } from '../represent/media.ts';
import { hasProtobuf } from '../represent/protobuf.ts';
import { columnDefinitions, partialMetadata, tableRow } from '../represent/table.ts';
import { listOptions, parseQuery, type Query, type WriteOptions, writeOptions } from '../routing/query.ts';
import { create } from '../verbs/create.ts';
import { checkDeleteOptions, type DeleteOptions, remove } from '../verbs/delete.ts';
import { removeCollection } from '../verbs/deletecollection.ts';
import { selectionOf } from '../verbs/list.ts';
import { patch, patchType } from '../verbs/patch.ts';
import { updateScale } from '../verbs/scale.ts';
import { update } from '../verbs/update.ts';
import { bytesOf } from '../write/body.ts';
import { type BodyType, decodeBody, mediaType } from '../write/decode.ts';
import { deleteOptions } from './delete-options.ts';
import { includeObject, prettied } from './reads.ts';
import { type Exchange, reply, replyCompressed } from './reply.ts';

const APPLY_TYPE = 'application/apply-patch+yaml';
const isCustom = (kind: Kind): boolean => kind.custom !== undefined;
const bodyTypeOf = (kind: Kind): BodyType => ({
  group: kind.group,
  version: kind.version,
  kind: kind.kind,
  schema: kind.schema,
  ...(isCustom(kind) ? { unstructured: true } : {}),
});
const scaleType = (call: Call): BodyType => ({ group: 'autoscaling', version: 'v1', kind: 'Scale', schema: call.parts.registry.schema('io.k8s.api.autoscaling.v1.Scale')! });

/** The options as admission sees them, which knows what they are called for each operation. A patch is an update there, or a create. */
const optionsObject = (query: Query, options: WriteOptions): Record<string, unknown> => ({
  ...(options.dryRun ? { dryRun: ['All'] } : {}),
  ...(query.get('fieldManager') ? { fieldManager: options.fieldManager } : {}),
  ...(query.get('fieldValidation') ? { fieldValidation: options.fieldValidation } : {}),
});

export const formFor = (call: Call, exchange: Exchange): Form => negotiate(exchange.request.headers['accept'], 'object', hasProtobuf(call.kind));

function answer(call: Call, exchange: Exchange, form: Form, query: Query, code: number, object: KubeObject): ApiResponse {
  const shown = prettied(form, exchange, query);
  const bytes = servesBytes(call.kind, shown) ? bytesOf(object) : undefined;
  if (bytes !== undefined) return reply(exchange, code, typeOf(shown), bytes);
  if (shown.as === '') return reply(exchange, code, typeOf(shown), encodeObject(object, shown));
  return reply(
    exchange,
    code,
    typeOf(shown),
    encodeObject(represent(call.kind, object, shown, { include: includeObject(query), now: call.parts.clock.now(), headers: true }), shown),
  );
}

export async function writeCreate(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const { headers, body } = exchange.request;
  const form = formFor(call, exchange);
  const query = parseQuery(exchange.request.query);
  const options = writeOptions(query, headers['user-agent'], 'CreateOptions');
  const type = bodyTypeOf(call.kind);
  const decoded = (warnings: string[]): KubeObject => decodeBody(body, headers['content-type'], type, options.fieldValidation, warnings);
  const created = await create(call, {
    object: decoded(call.warnings),
    again: () => decoded([]),
    dryRun: options.dryRun,
    fieldManager: options.fieldManager,
    options: optionsObject(query, options),
  });
  return answer(call, exchange, form, query, 201, created);
}

/** What a PUT sends is the object of the URL, whether or not there is one. @throws ApiError 400 */
function checkName({ name }: Call, { metadata }: KubeObject): void {
  if ((metadata.name ?? '') === '') throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name) throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

export async function writeUpdate(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const { headers, body } = exchange.request;
  const form = formFor(call, exchange);
  const query = parseQuery(exchange.request.query);
  const options = writeOptions(query, headers['user-agent'], 'UpdateOptions');
  const common = { dryRun: options.dryRun, fieldManager: options.fieldManager, options: optionsObject(query, options) };
  if (call.subresource === 'scale' && call.kind.scale !== undefined) {
    const scale = decodeBody(body, headers['content-type'], scaleType(call), options.fieldValidation, call.warnings);
    checkName(call, scale);
    return answer(call, exchange, form, query, 200, await updateScale(call, { ...common, change: () => clone(scale) }));
  }
  const type = bodyTypeOf(call.kind);
  const object = decodeBody(body, headers['content-type'], type, options.fieldValidation, call.warnings);
  checkName(call, object);
  const isVersioned = Boolean(object.metadata.resourceVersion);
  let spare: KubeObject | undefined = object;
  const { object: updated, created } = await update(call, {
    ...common,
    mayCreate: call.kind.createOnUpdate === true,
    // the first try may have it, later ones begin with what the client sent
    change(current) {
      // said of the resource, not of the kind
      if (call.kind.needsVersion === true && current !== undefined && !isVersioned)
        throw invalidObject(call.kind.group, call.kind.plural, call.name, [invalid('metadata.resourceVersion', 0, 'must be specified for an update')]);
      const mine = spare ?? decodeBody(body, headers['content-type'], type, options.fieldValidation, []);
      spare = undefined;
      return mine;
    },
  });
  return answer(call, exchange, form, query, created ? 201 : 200, updated);
}

export async function writePatch(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const { headers, body } = exchange.request;
  const form = formFor(call, exchange);
  const query = parseQuery(exchange.request.query);
  const contentType = headers['content-type'];
  patchType(contentType, isCustom(call.kind));
  const options = writeOptions(query, headers['user-agent'], 'PatchOptions', mediaType(contentType) === APPLY_TYPE);
  const { object, created } = await patch(
    call,
    {
      contentType,
      body,
      dryRun: options.dryRun,
      fieldManager: options.fieldManager,
      fieldValidation: options.fieldValidation,
      force: options.force,
      options: optionsObject(query, options),
    },
    isCustom(call.kind),
  );
  return answer(call, exchange, form, query, created ? 201 : 200, object);
}

/** The options of a DELETE, which may be reason to say something. @throws ApiError 400, 415, 422 */
function optionsOfDelete(call: Call, exchange: Exchange, query: Query): DeleteOptions {
  const options = deleteOptions(call, exchange, query);
  checkDeleteOptions(options);
  const { deleteWarning } = call.kind;
  if (deleteWarning !== undefined && options.propagationPolicy === undefined && options.orphanDependents === undefined) call.warnings.push(deleteWarning);
  return options;
}

export async function writeDelete(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const form = formFor(call, exchange);
  const query = parseQuery(exchange.request.query);
  const options = optionsOfDelete(call, exchange, query);
  const { object, removed } = await remove(call, options);
  if (removed && call.kind.deleteReturnsObject !== true) {
    const { group, resource } = refOf(call.kind);
    // without the code that other answers of this kind have
    const { code: _, ...status } = success({ name: call.name, ...(group === '' ? {} : { group }), kind: resource, uid: object.metadata.uid! });
    return reply(exchange, 200, typeOf(form), encodeObject(status, prettied({ ...form, as: '' }, exchange, query)));
  }
  return answer(call, exchange, form, query, !removed && options.orphanDependents === false ? 202 : 200, object);
}

export async function writeDeleteCollection(call: Call, exchange: Exchange): Promise<ApiResponse> {
  const { kind } = call;
  const form = prettied(negotiate(exchange.request.headers['accept'], 'list', hasProtobuf(kind)), exchange, undefined);
  const query = parseQuery(exchange.request.query);
  const options = optionsOfDelete(call, exchange, query);
  const list = listOptions(query, false);
  const { namespace, name, match } = selectionOf(call, list);
  const { rv, items } = await removeCollection(
    call,
    {
      resource: kind.storage,
      version: 'latest',
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(match === undefined ? {} : { match }),
      ...(list.limit > 0 ? { limit: list.limit } : {}),
    },
    options,
  );
  return replyCompressed(exchange, 200, typeOf(form), encodeObject(deletedList(call, form, includeObject(query), rv, items), form));
}

function deletedList(call: Call, form: Form, include: ReturnType<typeof includeObject>, rv: number, items: readonly KubeObject[]): object {
  const { kind } = call;
  const metadata = { resourceVersion: String(rv) };
  const now = call.parts.clock.now();
  switch (form.as) {
    case 'Table':
      return {
        kind: 'Table',
        apiVersion: `meta.k8s.io/${form.version}`,
        metadata,
        columnDefinitions: columnDefinitions(kind),
        rows: items.map((item) => tableRow(kind, item, include, form.version, now)),
      };
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}`, metadata, items: items.map((item) => partialMetadata(item, form.version)) };
    case '':
      return { kind: kind.listKind, apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, metadata, items };
  }
}
