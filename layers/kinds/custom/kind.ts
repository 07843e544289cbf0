/** A version of a CustomResourceDefinition as a kind: from then on nothing tells it from a built-in one. */
import { DecodeError, decodeValue } from '#machinery/decode.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import type { JsonObject, KubeObject, ObjectMeta } from '#machinery/object.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import { badRequest } from '#machinery/status.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../generated/types.ts';
import type { CustomFacts, Kind, StoredSubresource, Verb } from '../kind.ts';
import { columnsOf } from './columns.ts';
import { isTrue } from './conditions.ts';
import { applyDefaults } from './defaulting.ts';
import { coerceEmbedded, coerceMeta, repairMeta, validateEmbedded } from './embedded.ts';
import { compileSchema, type SchemaNode } from './json-schema.ts';
import { parseJsonPath } from './json-path.ts';
import { validateLists } from './list-types.ts';
import { rulesOf } from './rules.ts';
import { scaleErrors, scaleOf } from './scale.ts';
import { typeSchemaOf } from './type-schema.ts';
import { type Correlated, NO_PLACE, validateValue } from './validate-value.ts';
import { deprecationWarnings, finalizerWarnings } from './warnings.ts';

const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const STATUS_VERBS: readonly Verb[] = ['get', 'patch', 'update'];
/** While one of these is found rules are not looked at: they rely on what the schema says. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);
const BLOCKED = invalid(NO_PLACE, null, 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation');
/** A version without a schema keeps whatever it is given. */
const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

/** `com.example.v1.Widget`: what the type is called in OpenAPI. */
export const openApiName = (group: string, version: string, kind: string): string => `${group.split('.').toReversed().join('.')}.${version}.${kind}`;

export function schemaOfVersion(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): SchemaNode {
  const source = version.schema?.openAPIV3Schema ?? ANYTHING;
  return compileSchema(definition.spec.preserveUnknownFields === true ? { ...source, 'x-kubernetes-preserve-unknown-fields': true } : source);
}

function fieldsOf(version: CustomResourceDefinitionVersion): Kind['fields'] {
  const fields: Record<string, (object: KubeObject) => string> = {};
  for (const { jsonPath } of version.selectableFields ?? []) {
    const path = parseJsonPath(jsonPath);
    fields[jsonPath.replace(/^\./, '')] = (object) => {
      const [value] = path.find(object);
      return value === undefined || value === null ? '' : String(value);
    };
  }
  return fields;
}

function without(object: KubeObject, ...names: readonly string[]): JsonObject {
  const rest: JsonObject = { ...object };
  for (const name of names) delete rest[name];
  return rest;
}

export interface CustomKinds {
  readonly served: readonly Kind[];
  /** Of the version that objects are stored in, served or not. */
  readonly stored: Kind | undefined;
}

/** None while its names are not accepted. */
export function customKinds(definition: CustomResourceDefinition): CustomKinds {
  if (!isTrue(definition, 'Established') && !isTrue(definition, 'NamesAccepted')) return { served: [], stored: undefined };
  const { versions } = definition.spec;
  const served = versions.filter((version) => version.served).map((version) => customKind(definition, version));
  const storage = versions.find((version) => version.storage)!;
  return { served, stored: served.find(({ version }) => version === storage.name) ?? customKind(definition, storage) };
}

export function customKind(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): Kind {
  const { group, scope } = definition.spec;
  const names = definition.status?.acceptedNames ?? definition.spec.names;
  const node = schemaOfVersion(definition, version);
  const apiVersion = `${group}/${version.name}`;
  const schema: TypeSchema = typeSchemaOf(node, openApiName(group, version.name, names.kind));
  const hasStatus = version.subresources?.status !== undefined;
  const scale = version.subresources?.scale;
  const rules = rulesOf(node);
  const statusNode = node.properties?.get('status');
  const terminating = isTrue(definition, 'Terminating');

  /** Types, nulls, defaults, metadata: in place. */
  function defaults(object: KubeObject): void {
    try {
      object.metadata = coerceMeta(object.metadata) as ObjectMeta;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw badRequest(
        `${names.kind} in version ${JSON.stringify(version.name)} cannot be handled as a ${names.kind}: metadata: Invalid value: ${JSON.stringify(object.metadata)}: ${error.message}`,
      );
    }
    const wrong = coerceEmbedded(object, node)[0];
    if (wrong !== undefined)
      throw badRequest(
        `${names.kind} in version ${JSON.stringify(version.name)} cannot be handled as a ${names.kind}: ${wrong.field}: Invalid value: ${JSON.stringify(wrong.value)}: ${wrong.detail}`,
      );
    applyDefaults(object, node);
  }

  function checkRules(errors: FieldError[], object: KubeObject, old: KubeObject | undefined): void {
    if (rules === undefined) return;
    if (errors.some(({ type }) => BLOCKING.has(type))) errors.push(BLOCKED);
    else errors.push(...rules.validate(object, old));
  }

  function checkLists(errors: FieldError[], object: KubeObject, old: KubeObject | undefined): void {
    if (!node.holds.lists) return;
    const found = validateLists(object, node);
    if (found.length > 0 && (old === undefined || validateLists(old, node).length === 0)) errors.push(...found);
  }

  function check(object: KubeObject, old: KubeObject | undefined): FieldError[] {
    const correlated: Correlated = old === undefined ? undefined : { old };
    const errors = [...validateValue(object, node, correlated), ...scaleErrors(scale, object, 'all')];
    if (node.holds.embedded) errors.push(...validateEmbedded(object, node));
    checkLists(errors, object, old);
    checkRules(errors, object, old);
    return errors;
  }

  const status: StoredSubresource = {
    name: 'status',
    verbs: STATUS_VERBS,
    resetFields: [['metadata'], ['spec']],
    prepareForUpdate(incoming, old) {
      const { managedFields, resourceVersion } = incoming.metadata;
      const now = incoming['status'];
      for (const field of Object.keys(incoming)) delete incoming[field];
      Object.assign(incoming, old);
      incoming.metadata = { ...old.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      if (managedFields === undefined) delete incoming.metadata.managedFields;
      else incoming.metadata.managedFields = managedFields;
      if (now === undefined) delete incoming['status'];
      else incoming['status'] = now;
    },
    validateUpdate(object, old) {
      const errors: FieldError[] = [];
      if (object['status'] !== undefined && statusNode !== undefined)
        errors.push(...validateValue(object['status'], statusNode, old['status'] === undefined ? undefined : { old: old['status'] }, 'status'));
      errors.push(...scaleErrors(scale, object, 'status'));
      checkLists(errors, object, old);
      checkRules(errors, object, old);
      return errors;
    },
  };

  const storage = definition.spec.versions.find((one) => one.storage)!;
  const fields = fieldsOf(version);
  const custom: CustomFacts = {
    definition,
    storageVersion: storage.name,
    storedFields: storage === version ? fields : fieldsOf(storage),
    terminating,
    warnings: deprecationWarnings(definition, version.name),
    schema: node,
    refresh(object) {
      object.metadata = repairMeta(object.metadata) as ObjectMeta;
      // what definitions said when it was written may have been another schema
      decodeValue(object, { schema, findings: false, unstructured: true });
      applyDefaults(object, node);
    },
  };

  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    verbs: VERBS,
    storage: `${names.plural}.${group}`,
    schema,
    hasGeneration: true,
    nameRule: 'subdomain',
    ratchets: true,
    needsVersion: true,
    anyFinalizer: true,
    custom,
    stored: hasStatus ? [status] : [],
    ...(hasStatus ? { resetFields: [['status']] } : {}),
    ...(scale === undefined ? {} : { scale: scaleOf(scale) }),
    fields,
    ...columnsOf(version.additionalPrinterColumns),
    defaults,
    prepareForCreate(object) {
      if (hasStatus) delete object['status'];
    },
    prepareForUpdate(object, old) {
      if (!hasStatus) return;
      if (old['status'] === undefined) delete object['status'];
      else object['status'] = old['status'];
    },
    // without a door of its own the status is part of what a generation counts
    specChanged: (object, old) => !semanticEqual(without(object, 'metadata', ...(hasStatus ? ['status'] : [])), without(old, 'metadata', ...(hasStatus ? ['status'] : []))),
    validate: (object) => [...checkType(object, names.kind, apiVersion), ...check(object, undefined)],
    validateUpdate: (object, old) => [...checkType(object, names.kind, apiVersion), ...check(object, old)],
    warnings: finalizerWarnings,
  };
}

function checkType({ kind, apiVersion }: KubeObject, wantedKind: string, wantedVersion: string): FieldError[] {
  const errors: FieldError[] = [];
  if (kind !== wantedKind) errors.push(invalid('kind', kind, `must be ${wantedKind}`));
  if (apiVersion !== wantedVersion) errors.push(invalid('apiVersion', apiVersion, `must be ${wantedVersion}`));
  return errors;
}
