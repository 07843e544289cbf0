/** Objects inside objects (x-kubernetes-embedded-resource), and the metadata of custom resources themselves (apiextensions `schema/objectmeta`). */
import { DecodeError, decodeValue } from '#machinery/decode.ts';
import { type FieldError, invalid, required } from '#machinery/field-error.ts';
import { isDNS1035Label } from '#machinery/names.ts';
import type { JsonObject, ObjectMeta } from '#machinery/object.ts';
import { validateObjectMeta } from '#machinery/object-meta.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { schemaOf } from '../schema.ts';
import type { SchemaNode } from './json-schema.ts';

type Bag = Record<string, unknown>;
const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value);

let metaSchema: TypeSchema | undefined;
/** Metadata as a field of an otherwise untyped object, so that errors name it. */
const holder = (): TypeSchema => (metaSchema ??= schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')!);

/** Metadata in its Go shape: nulls and zeros gone, times canonical. @throws DecodeError for a field of the wrong type */
export function coerceMeta(metadata: unknown): JsonObject {
  const { object } = decodeValue(metadata, { schema: holder(), findings: false });
  if (object['creationTimestamp'] === null) delete object['creationTimestamp'];
  return object;
}

/** As `coerceMeta`, for objects that were stored: what cannot be read is dropped. */
export function repairMeta(metadata: unknown): JsonObject {
  try {
    return coerceMeta(metadata);
  } catch (error) {
    if (!(error instanceof DecodeError) || !isBag(metadata)) return {};
    const kept: JsonObject = {};
    for (const key in metadata) {
      try {
        Object.assign(kept, coerceMeta({ [key]: metadata[key] }));
      } catch {
        // this one is of the wrong type
      }
    }
    return kept;
  }
}

function each(value: unknown, node: SchemaNode, path: string, visit: (value: Bag, path: string) => void): void {
  if (!node.holds.embedded) return;
  if (Array.isArray(value)) {
    if (node.items !== undefined) for (const [at, item] of value.entries()) each(item, node.items, `${path}[${at}]`, visit);
    return;
  }
  if (!isBag(value)) return;
  if (node.embedded) visit(value, path);
  for (const key in value) {
    const property = node.properties?.get(key);
    if (property !== undefined) each(value[key], property, path === '' ? key : `${path}.${key}`, visit);
    else if (typeof node.additional === 'object') each(value[key], node.additional, `${path}[${key}]`, visit);
  }
}

const at = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Brings the metadata of embedded objects into shape, in place; what is of the wrong type is an error. */
export function coerceEmbedded(object: unknown, node: SchemaNode, root = ''): FieldError[] {
  const errors: FieldError[] = [];
  each(object, node, root, (value, path) => {
    for (const name of ['apiVersion', 'kind'] as const)
      if (value[name] !== undefined && typeof value[name] !== 'string') errors.push(invalid(at(path, name), value[name], 'must be a string'));
    if (value['metadata'] === undefined) return;
    try {
      value['metadata'] = coerceMeta(value['metadata']);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      errors.push(invalid(at(path, 'metadata'), value['metadata'], error.message));
    }
  });
  return errors;
}

/** What embedded objects must say of themselves; `root`: the path that stands before. */
export function validateEmbedded(object: unknown, node: SchemaNode, root = ''): FieldError[] {
  const errors: FieldError[] = [];
  each(object, node, root, (value, path) => {
    const { apiVersion, kind, metadata } = value;
    if (apiVersion === undefined) errors.push(required(at(path, 'apiVersion')));
    else if (typeof apiVersion !== 'string') errors.push(invalid(at(path, 'apiVersion'), apiVersion, 'must be a string'));
    else if (apiVersion === '') errors.push(invalid(at(path, 'apiVersion'), apiVersion, 'must not be empty'));
    else if (apiVersion.split('/').length > 2) errors.push(invalid(at(path, 'apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    if (kind === undefined) errors.push(required(at(path, 'kind')));
    else if (typeof kind !== 'string') errors.push(invalid(at(path, 'kind'), kind, 'must be a string'));
    else if (kind === '') errors.push(invalid(at(path, 'kind'), kind, 'must not be empty'));
    else {
      const wrong = isDNS1035Label(kind.toLowerCase());
      if (wrong.length > 0) errors.push(invalid(at(path, 'kind'), kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`));
    }
    if (metadata === undefined) return;
    try {
      const meta = coerceMeta(structuredClone(metadata)) as ObjectMeta;
      meta.name ||= 'fakename';
      errors.push(...validateObjectMeta(meta, { namespaced: meta.namespace !== undefined, nameRule: 'pathSegment', anyFinalizer: true, field: at(path, 'metadata') }));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      errors.push(invalid(at(path, 'metadata'), metadata, error.message));
    }
  });
  return errors;
}
