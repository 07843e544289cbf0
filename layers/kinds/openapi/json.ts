/** Writes operations as the path items of OpenAPI v2 and v3, as plain JSON objects. */
import type { JsonObject } from '#machinery/object.ts';
import { type Operation, type Parameter, type PathItem, TEXT } from './operations.ts';

export type Version = 'v2' | 'v3';

const REFERENCES: Readonly<Record<Version, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };
/** Both versions have it for what has no token. */
const UNAUTHORIZED = { description: 'Unauthorized' };

export const reference = (name: string, version: Version): JsonObject => ({ $ref: REFERENCES[version] + name });
const typeOf = (name: string, version: Version): JsonObject => (name === TEXT ? { type: 'string' } : reference(name, version));

function parameter({ name, in: place, type, description }: Parameter, version: Version): JsonObject {
  const form = { type, uniqueItems: true };
  return { description, in: place, name, ...(place === 'path' ? { required: true } : {}), ...(version === 'v2' ? form : { schema: form }) };
}

function operationJson(operation: Operation, version: Version): JsonObject {
  const { id, description, tag, action, gvk, body, consumes, produces } = operation;
  const parameters = operation.parameters.map((one) => parameter(one, version));
  if (version === 'v2' && body !== undefined)
    parameters.unshift({ in: 'body', name: 'body', ...(body.required ? { required: true } : {}), schema: reference(body.schema, version) });
  const content = (media: readonly string[], schema: string): JsonObject => Object.fromEntries([...media].sort().map((type) => [type, { schema: typeOf(schema, version) }]));
  const responses: JsonObject = {};
  for (const { code, description: text, schema } of operation.responses) {
    responses[String(code)] = {
      ...(schema === undefined ? {} : version === 'v2' ? {} : { content: content(produces ?? [], schema) }),
      description: text,
      ...(schema !== undefined && version === 'v2' ? { schema: typeOf(schema, version) } : {}),
    };
  }
  responses['401'] = UNAUTHORIZED;
  return {
    ...(version === 'v2' && consumes !== undefined && consumes.length > 0 ? { consumes } : {}),
    ...(description === undefined ? {} : { description }),
    operationId: id,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(version === 'v2' && produces !== undefined ? { produces } : {}),
    ...(version === 'v3' && body !== undefined ? { requestBody: { content: content(consumes ?? [], body.schema), ...(body.required ? { required: true } : {}) } } : {}),
    responses,
    ...(version === 'v2' ? { schemes: ['https'] } : {}),
    tags: [tag],
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': { group: gvk.group, kind: gvk.kind, version: gvk.version } }),
  };
}

export function pathItemJson(item: PathItem, version: Version): JsonObject {
  const methods = Object.entries(item.operations).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...Object.fromEntries(methods.map(([method, operation]) => [method, operationJson(operation, version)])),
    ...(item.parameters.length > 0 ? { parameters: item.parameters.map((one) => parameter(one, version)) } : {}),
  };
}
