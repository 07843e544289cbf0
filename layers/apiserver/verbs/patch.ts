/** PATCH in its four forms, for an object or any stored door of it. */
import { apply } from '#machinery/apply/apply.ts';
import { DecodeError, decodeValue, parseBody } from '#machinery/decode.ts';
import { clone } from '#machinery/json.ts';
import { jsonPatch } from '#machinery/json-patch.ts';
import { mergePatch } from '#machinery/merge-patch.ts';
import type { KubeObject } from '#machinery/object.ts';
import { strategicMergePatch } from '#machinery/strategic-merge-patch.ts';
import { forbidden, invalid } from '#machinery/field-error.ts';
import { type ApiError, badRequest, bodyNotRouted, invalidObject, unsupportedMediaType } from '#machinery/status.ts';
import { type Call, timestamp } from '../context.ts';
import { copyOf } from '../write/copy.ts';
import { apiVersionOf, type BodyType, bodyText, type FieldValidation, mediaType, notRegistered, ofKind, report, warningsOf } from '../write/decode.ts';
import { patchFindings } from './patch-findings.ts';
import { applyScale, scaleSchema, updateScale } from './scale.ts';
import { update, type UpdateResult } from './update.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** Always the same array: what is worked out for it is kept. */
const NO_FIELDS: readonly (readonly string[])[] = [];

export interface PatchInput {
  readonly type: PatchType;
  /** Parsed, without a type. */
  readonly patch: unknown;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Apply only. */
  readonly force: boolean;
  /** What is wrong with the text of an applied configuration: keys that are there twice. */
  readonly problems?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
}

/** @throws ApiError 415 with the types that this kind takes */
export function patchType(contentType: string | undefined, custom: boolean): PatchType {
  const media = mediaType(contentType);
  const type = TYPES[media];
  if (type === undefined && !custom) throw bodyNotRouted();
  if (type === undefined || (custom && type === 'strategic')) throw unsupportedMediaType(Object.keys(TYPES).filter((name) => !(custom && TYPES[name] === 'strategic')));
  return type;
}

/** @throws ApiError 400 */
export function parsePatch(body: Uint8Array | undefined, type: PatchType, problems?: string[]): unknown {
  try {
    const text = bodyText(body ?? new Uint8Array());
    const patch = parseBody(text, type === 'apply', problems);
    if (type !== 'apply') problems?.push(...patchFindings(text, patch, type === 'json'));
    return patch;
  } catch (error) {
    if (error instanceof DecodeError || error instanceof SyntaxError) throw badRequest(`error decoding patch: ${error.message}`);
    throw error;
  }
}

/** Lays a patch over an object of this type; the result is decoded again, so that no patch smuggles in what a body may not say. */
export function patched(current: KubeObject, input: Pick<PatchInput, 'type' | 'patch' | 'fieldValidation' | 'problems'>, type: BodyType, warnings: string[]): KubeObject {
  let value: unknown;
  switch (input.type) {
    case 'json':
      value = jsonPatch(current, input.patch);
      break;
    case 'merge':
      if (typeof input.patch !== 'object' || input.patch === null || Array.isArray(input.patch)) throw badRequest(`error decoding patch: ${notAnObject(input.patch)}`);
      value = mergePatch(current, input.patch);
      break;
    case 'strategic':
      value = strategicMergePatch(current, input.patch, type.schema);
      break;
    case 'apply':
      value = input.patch;
      break;
  }
  // decoding takes its value over; parts of the current object may be in it
  const object = decodePatched(copyOf(value, current), input, type, warnings);
  if ((object.metadata.name ?? '') === '') throw badRequest(`the name of the object (${current.metadata.name} based on URL) was undeterminable: name must be provided`);
  return object;
}

const notAnObject = (value: unknown): string =>
  `json: cannot unmarshal ${Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value} into Go value of type map[string]interface {}`;

/** As Go prints a value of no type: `map[a:1 b:[x y]]`. */
function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return value === null ? '<nil>' : String(value);
  return `map[${Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${key}:${goValue(item)}`)
    .join(' ')}]`;
}

const differs = (given: unknown, wanted: string): boolean => given !== undefined && given !== '' && given !== wanted;

/** A patch that makes of the object what its type does not allow: the client is shown what was made, or its patch. */
function unfit(value: unknown, { type, patch }: Pick<PatchInput, 'type' | 'patch'>, message: string): ApiError {
  return invalidObject('', '', '', [invalid('patch', type === 'strategic' ? goValue(patch) : JSON.stringify(value), message)]);
}

function decodePatched(value: unknown, input: Pick<PatchInput, 'type' | 'patch' | 'fieldValidation' | 'problems'>, type: BodyType, warnings: string[]): KubeObject {
  const { fieldValidation: validation, problems = [] } = input;
  try {
    const decoded = decodeValue(value, { schema: type.schema, findings: validation !== 'Ignore', ...(type.unstructured === true ? { unstructured: true } : {}) });
    const { apiVersion, kind } = decoded.object;
    // custom resources are told in other words, by what reads them
    if (type.unstructured !== true && (differs(kind, type.kind) || differs(apiVersion, apiVersionOf(type))))
      throw unfit(value, input, notRegistered({ apiVersion: String(apiVersion), kind: String(kind) }));
    return ofKind(report({ object: decoded.object, findings: [...problems, ...decoded.findings] }, validation, warnings), type);
  } catch (error) {
    if (error instanceof DecodeError) throw unfit(value, input, error.message);
    throw error;
  }
}

/** A patch whose body was parsed already. */
export async function patchParsed(call: Call, input: PatchInput, custom = call.kind.custom !== undefined): Promise<UpdateResult> {
  const { kind, name } = call;
  const type: BodyType = { group: kind.group, version: kind.version, kind: kind.kind, schema: kind.schema, ...(custom ? { unstructured: true } : {}) };
  const common = { dryRun: input.dryRun, fieldManager: input.fieldManager, ...(input.options === undefined ? {} : { options: input.options }) };
  const once: string[] = [];
  if (input.type !== 'apply') {
    const result = await update(call, {
      ...common,
      mayCreate: false,
      change(current) {
        once.length = 0;
        const object = patched(current!, input, type, once);
        // what the object's own version says is no demand of the client's, unless the patch named one
        if (!namesVersion(input) && object.metadata.resourceVersion === current!.metadata.resourceVersion) delete object.metadata.resourceVersion;
        return object;
      },
    });
    call.warnings.push(...once);
    return result;
  }
  // as it was sent: what the schema does not know is an error of its own, whatever the client wants to be told
  const config = ofKind(clone(applied(input.patch)), type);
  if ((config.metadata.managedFields ?? []).length > 0) throw badRequest('metadata.managedFields must be nil');
  if ((config.metadata.name ?? '') === '') config.metadata.name = name;
  const problems = input.problems ?? [];
  if (input.fieldValidation === 'Warn') call.warnings.push(...problems.flatMap(warningsOf));
  let managed: ReturnType<typeof apply>['managedFields'] = [];
  const applyOptions = {
    manager: input.fieldManager,
    schema: kind.schema,
    apiVersion: config.apiVersion,
    subresource: call.subresource,
    time: timestamp(call.parts.clock.now()),
    resetFields: (call.subresource === '' ? kind.resetFields : kind.stored.find((door) => door.name === call.subresource)?.resetFields) ?? NO_FIELDS,
    force: input.force,
    ...(custom ? { unstructured: true } : {}),
  };
  const result = await update(call, {
    ...common,
    mayCreate: true,
    tracker: (object) => {
      if (managed.length > 0) object.metadata.managedFields = managed;
      else delete object.metadata.managedFields;
    },
    change(current) {
      const result = apply(current, config, applyOptions);
      managed = result.managedFields;
      if (input.fieldValidation === 'Strict' && problems.length > 0) throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${problems[0]!}`);
      const object = clone(result.object);
      if (config.metadata.resourceVersion === undefined) delete object.metadata.resourceVersion;
      else object.metadata.resourceVersion = config.metadata.resourceVersion;
      return object;
    },
  });
  return result;
}

function applied(patch: unknown): KubeObject {
  if (typeof patch === 'object' && patch !== null && !Array.isArray(patch)) return patch as KubeObject;
  throw badRequest(
    patch === null || patch === undefined ? 'invalid object type: /, Kind=' : `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${notAnObject(patch)}`,
  );
}

function namesVersion(input: PatchInput): boolean {
  if (input.type === 'json') return (input.patch as readonly { readonly path?: string }[]).some(({ path }) => path === '/metadata/resourceVersion');
  const metadata = (input.patch as { metadata?: { resourceVersion?: unknown } } | null)?.metadata;
  return metadata?.resourceVersion !== undefined;
}

export interface PatchBody {
  readonly contentType: string | undefined;
  readonly body: Uint8Array | undefined;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean | undefined;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** PATCH as it comes from a door: of the object, of a stored subresource, or of `/scale`. */
export async function patch(call: Call, input: PatchBody, custom = false): Promise<UpdateResult> {
  const type = patchType(input.contentType, custom);
  if (input.force !== undefined && type !== 'apply') throw invalidOptions('force', 'may not be specified for non-apply patch');
  const problems: string[] = [];
  const parsed: PatchInput = {
    type,
    patch: parsePatch(input.body, type, input.fieldValidation === 'Ignore' ? undefined : problems),
    problems,
    dryRun: input.dryRun,
    fieldManager: input.fieldManager,
    fieldValidation: input.fieldValidation,
    force: input.force ?? false,
    ...(input.options === undefined ? {} : { options: input.options }),
  };
  if (call.subresource !== 'scale' || call.kind.scale === undefined) return patchParsed(call, parsed, custom);
  const scale: BodyType = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: scaleSchema() };
  const common = { dryRun: input.dryRun, fieldManager: input.fieldManager, ...(input.options === undefined ? {} : { options: input.options }) };
  if (type === 'apply') {
    const config = ofKind(clone(applied(parsed.patch)), scale, call.name);
    return { object: await applyScale(call, { ...common, config, force: parsed.force }), created: false };
  }
  const object = await updateScale(call, {
    ...common,
    change(current) {
      const next = patched(current, parsed, scale, call.warnings);
      if (!namesVersion(parsed)) delete next.metadata.resourceVersion;
      return next;
    },
  });
  return { object, created: false };
}

const invalidOptions = (field: string, why: string): ApiError => invalidObject('meta.k8s.io', 'PatchOptions', '', [forbidden(field, why)]);
