/** The body of a write, whatever its form, as an object of the kind that the URL names. */
import { decodeObject } from '#kinds/codec/codec.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { type Decoded, DecodeError, decodeJson, decodeYaml, strictError, undecodable } from '#machinery/decode.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { badRequest, unsupportedMediaType } from '#machinery/status.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface BodyType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: TypeSchema;
  /** Custom resources: checked against their own schema later, and never sent as protobuf. */
  readonly unstructured?: boolean;
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF] as const;
const text = new TextDecoder('utf-8', { fatal: true });

export const mediaType = (contentType: string | undefined): string => (contentType ?? '').split(';')[0]!.trim().toLowerCase();
export const apiVersionOf = ({ group, version }: Pick<BodyType, 'group' | 'version'>): string => (group === '' ? version : `${group}/${version}`);

export function bodyText(body: Uint8Array): string {
  try {
    return text.decode(body);
  } catch {
    throw badRequest('the body of the request is not valid UTF-8');
  }
}

/** In the words of Kubernetes' register of types. */
export const notRegistered = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string =>
  `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;

/** The Go package of the group's internal types. */
const packageOf = (group: string): string => (group === '' ? 'core' : group.split('.')[0]!);

/** Checks that the object is what the URL says, and fills in what it leaves out. */
export function ofKind(object: KubeObject, type: BodyType, name = ''): KubeObject {
  const wanted = apiVersionOf(type);
  object.apiVersion ||= wanted;
  object.kind ||= type.kind;
  if (object.kind !== type.kind || object.apiVersion !== wanted) {
    const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
    const given = `${object.kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}`;
    const known = builtInKinds().byKind(group!, version!, object.kind) !== undefined;
    if (type.unstructured === true ? object.kind !== type.kind : !known) throw badRequest(`${given}: ${notRegistered(object)}`);
    if (object.kind !== type.kind) throw badRequest(`${given}: converting (${version}.${object.kind}) to (${packageOf(type.group)}.${type.kind}): unknown conversion`);
    throw badRequest(`the API version in the data (${group === '' ? version : `${group}/${version}`}) does not match the expected API version (${wanted})`);
  }
  object.metadata ??= name === '' ? {} : { name };
  return object;
}

const YAML_ERRORS = /^(?:error converting YAML to JSON: )?yaml: unmarshal errors:\n/;

/** The reader of YAML says all that it found in one text of many lines. */
export const warningsOf = (finding: string): readonly string[] =>
  YAML_ERRORS.test(finding)
    ? finding
        .replace(YAML_ERRORS, '')
        .split('\n')
        .map((line) => line.trim())
    : [finding];

/** What was found while reading is an error, a warning, or nothing, as the client asked. @throws ApiError 400 */
export function report(decoded: Decoded, validation: FieldValidation, warnings: string[]): KubeObject {
  if (decoded.findings.length > 0) {
    if (validation === 'Strict') throw badRequest(strictError(decoded.findings).message);
    if (validation === 'Warn') warnings.push(...decoded.findings.flatMap(warningsOf));
  }
  return decoded.object as KubeObject;
}

export function decodeBody(body: Uint8Array | undefined, contentType: string | undefined, type: BodyType, validation: FieldValidation, warnings: string[]): KubeObject {
  const media = mediaType(contentType);
  const bytes = body ?? new Uint8Array();
  const options = { schema: type.schema, findings: validation !== 'Ignore', ...(type.unstructured === true ? { unstructured: true } : {}) };
  try {
    switch (media) {
      // curl's default without -H: Kubernetes takes it for JSON
      case '':
      case 'application/json':
        return ofKind(report(decodeJson(bodyText(bytes), options), validation, warnings), type);
      case 'application/yaml':
        return ofKind(report(decodeYaml(bodyText(bytes), options), validation, warnings), type);
      case PROTOBUF:
        if (type.unstructured === true) throw unsupportedMediaType(ACCEPTED.slice(0, 2));
        return ofKind(decodeObject(bytes, { apiVersion: apiVersionOf(type), kind: type.kind }) as unknown as KubeObject, type);
      default:
        throw unsupportedMediaType(ACCEPTED);
    }
  } catch (error) {
    if (error instanceof DecodeError) throw undecodable(error, { kind: type.kind, version: type.version }, type.kind, bytes);
    throw error;
  }
}
