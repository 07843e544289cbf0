/** Definitions of custom resources (apiextensions `apis/apiextensions/validation`). Paths are upstream's: what all versions have alike is told of the spec. */
import type { CustomResourceConversion, CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '#machinery/names.ts';
import { isTrue } from '../custom/conditions.ts';
import { compileSchema, type JsonSchema } from '../custom/json-schema.ts';
import { checkImmutable, checkOneOf } from '../shared/check.ts';
import { APPROVAL, approvalOf, isProtectedGroup } from './approval.ts';
import { defaultErrors, hasUnprunedDefault } from './default-values.ts';
import { hasNonAtomicSet, mapKeyErrors, schemaErrors, type SchemaRules } from './openapi-schema.ts';
import { ruleCheck, type RuleOptions } from './rule-errors.ts';
import { conversionError, structuralErrors } from './structural.ts';
import { nameErrors } from './validate-names.ts';
import { columnErrors, deprecationErrors, selectableErrors, subresourceErrors } from './validate-version.ts';
import { anySchema } from './walk.ts';
import { caBundleErrors, webhookServiceErrors, webhookUrlErrors } from './webhook-client.ts';

const REVIEW_VERSIONS: ReadonlySet<string> = new Set(['v1', 'v1beta1']);
const SCALARS: ReadonlySet<string> = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);
/** Nothing else may stand at the root of a schema from which the status is taken out. */
const ROOT_FIELDS =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'.split(
    ' ',
  );
const GO_NAMES: Readonly<Record<string, string>> = {
  $ref: 'Ref',
  $schema: 'Schema',
  id: 'ID',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-embedded-resource': 'XEmbeddedResource',
  'x-kubernetes-int-or-string': 'XIntOrString',
  'x-kubernetes-list-map-keys': 'XListMapKeys',
  'x-kubernetes-list-type': 'XListType',
  'x-kubernetes-map-type': 'XMapType',
  'x-kubernetes-validations': 'XValidations',
};
const goName = (name: string): string => GO_NAMES[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** What an update may leave as it is although nobody could create it so. */
interface Leniency extends SchemaRules, RuleOptions {
  readonly needsSchema: boolean;
  readonly structural: boolean;
  readonly prunedDefaults: boolean;
  readonly knownReviewVersion: boolean;
  readonly anyCaBundle: boolean;
  /** Whether a version (`''`: all) may have more selectable fields than there may be. */
  manySelectable(version: string): boolean;
}

const STRICT: Leniency = {
  needsSchema: true,
  structural: true,
  prunedDefaults: true,
  knownReviewVersion: true,
  anyCaBundle: true,
  validTypes: true,
  atomicSets: true,
  mapKeys: true,
  unchanged: () => false,
  manySelectable: () => false,
};

const schemaOf = (version: CustomResourceDefinitionVersion): JsonSchema | undefined => version.schema?.openAPIV3Schema;
const schemasOf = ({ versions }: CustomResourceDefinitionSpec): JsonSchema[] => versions.flatMap((version) => schemaOf(version) ?? []);
const hasSchema = (spec: CustomResourceDefinitionSpec, holds: (schema: JsonSchema) => boolean): boolean => schemasOf(spec).some((schema) => anySchema(schema, holds));
const isStructural = (schema: JsonSchema): boolean => conversionError(schema) === undefined && structuralErrors(schema, '').length === 0;

function leniencyOf(now: CustomResourceDefinition, old: CustomResourceDefinition): Leniency {
  const { spec } = old;
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle;
  const reviews = spec.conversion?.webhook?.conversionReviewVersions ?? [];
  const before = (name: string): CustomResourceDefinitionVersion | undefined => spec.versions.find((version) => version.name === name);
  return {
    needsSchema: spec.versions.every((version) => schemaOf(version) !== undefined),
    structural: schemasOf(spec).every(isStructural),
    prunedDefaults: !schemasOf(spec).some((schema) => isStructural(schema) && hasUnprunedDefault(compileSchema({ ...schema, 'x-kubernetes-embedded-resource': true }))),
    knownReviewVersion: reviews.length === 0 || reviews.some((version) => REVIEW_VERSIONS.has(version)),
    anyCaBundle: !isTrue(old, 'Established') || (bundle !== undefined && bundle !== '' && caBundleErrors(bundle, '').length > 0),
    validTypes: !hasSchema(spec, ({ type }) => type !== undefined && type !== '' && !SCALARS.has(type)),
    atomicSets: !hasSchema(spec, hasNonAtomicSet),
    mapKeys: !hasSchema(spec, (schema) => mapKeyErrors(schema, '').length > 0),
    unchanged: (name) => semanticEqual(now.spec.versions.find((version) => version.name === name)?.schema, before(name)?.schema),
    manySelectable: (name) => {
      const was = (name === '' ? spec.versions[0] : before(name))?.selectableFields ?? [];
      const is = (name === '' ? now.spec.versions[0] : now.spec.versions.find((version) => version.name === name))?.selectableFields;
      return was.length > 8 && semanticEqual(was, is);
    },
  };
}

export function validateDefinition(object: CustomResourceDefinition): FieldError[] {
  return [...nameError(object), ...check(object, STRICT), ...approvalErrors(object, undefined), ...preserveErrors(object, undefined)];
}

export function validateDefinitionUpdate(object: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors = check(object, leniencyOf(object, old));
  if (isTrue(old, 'Established')) {
    checkImmutable(errors, 'spec.scope', object.spec.scope, old.spec.scope);
    checkImmutable(errors, 'spec.names.kind', object.spec.names.kind, old.spec.names.kind);
  }
  checkImmutable(errors, 'spec.group', object.spec.group, old.spec.group);
  checkImmutable(errors, 'spec.names.plural', object.spec.names.plural, old.spec.names.plural);
  return [...errors, ...approvalErrors(object, old), ...preserveErrors(object, old)];
}

export const validateDefinitionStatus = ({ status }: CustomResourceDefinition): FieldError[] => nameErrors(status?.acceptedNames ?? {}, 'status.acceptedNames');

function nameError({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  return metadata.name === `${spec.names.plural}.${spec.group}` ? [] : [invalid('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group')];
}

function check(object: CustomResourceDefinition, leniency: Leniency): FieldError[] {
  return [...specErrors(object.spec, leniency), ...validateDefinitionStatus(object), ...storedErrors(object)];
}

function storedErrors({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? [];
  const field = 'status.storedVersions';
  if (stored.length === 0) return [invalid(field, stored, 'must have at least one stored version')];
  const errors: FieldError[] = [];
  const left = new Set(stored);
  for (const { name, storage } of spec.versions) {
    if (storage && !left.has(name)) errors.push(invalid(field, stored, `must have the storage version ${name}`));
    left.delete(name);
  }
  for (const [at, name] of stored.entries())
    if (!spec.versions.some((version) => version.name === name))
      errors.push(
        invalid(
          `${field}[${at}]`,
          name,
          `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
        ),
      );
  return errors;
}

function approvalErrors(object: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!isProtectedGroup(object.spec.group)) return [];
  const { state, reason } = approvalOf(object);
  if (old !== undefined && approvalOf(old).state === state) return [];
  const field = `metadata.annotations[${APPROVAL}]`;
  switch (state) {
    case 'Approved':
    case 'Bypassed':
      return [];
    case 'Missing':
      return [required(field, reason)];
    case 'Invalid':
      return [invalid(field, object.metadata.annotations?.[APPROVAL], reason)];
  }
}

function preserveErrors({ spec }: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (spec.preserveUnknownFields !== true || old?.spec.preserveUnknownFields === true) return [];
  return [invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead')];
}

function specErrors(spec: CustomResourceDefinitionSpec, leniency: Leniency): FieldError[] {
  const errors: FieldError[] = [];
  const { group, names, versions, conversion } = spec;
  const alike = <K extends keyof CustomResourceDefinitionVersion>(name: K): boolean => versions.every((version) => semanticEqual(version[name], versions[0]![name]));
  const preserves = spec.preserveUnknownFields === true;

  if (!group) errors.push(required('spec.group'));
  else {
    const wrong = isDNS1123Subdomain(group);
    if (wrong.length > 0) errors.push(invalid('spec.group', group, wrong.join(',')));
    else if (!group.includes('.')) errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  }
  checkOneOf(errors, 'spec.scope', spec.scope, ['Cluster', 'Namespaced']);
  const structural = leniency.structural || !preserves || hasSchema(spec, ({ default: value }) => (value ?? undefined) !== undefined) || hasSchema(spec, isExtended);
  for (const [at, version] of versions.entries()) {
    if (schemaOf(version) !== undefined) continue;
    if (leniency.needsSchema) errors.push(required(`spec.versions[${at}].schema.openAPIV3Schema`));
    else if (!preserves && version.served) errors.push(required(`spec.versions[${at}].schema.openAPIV3Schema`, 'because otherwise all fields are pruned'));
  }
  if (preserves && hasSchema(spec, ({ default: value }) => (value ?? undefined) !== undefined))
    errors.push(invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'));

  const common = { schema: alike('schema'), subresources: alike('subresources'), columns: alike('additionalPrinterColumns'), selectable: alike('selectableFields') };
  for (const [at, version] of versions.entries()) {
    const field = `spec.versions[${at}]`;
    const wrong = isDNS1035Label(version.name ?? '');
    if (wrong.length > 0) errors.push(invalid(`${field}.name`, version.name ?? '', wrong.join(',')));
    errors.push(...deprecationErrors(version.deprecated, version.deprecationWarning, `${field}.deprecationWarning`));
    const first = at === 0;
    if (!common.schema || first)
      errors.push(...validationErrors(version, hasStatus(spec, version, common.schema), structural, leniency, common.schema ? 'spec.validation' : `${field}.schema`));
    if (!common.subresources || first) errors.push(...subresourceErrors(version.subresources, common.subresources ? 'spec.subresources' : `${field}.subresources`));
    if (!common.columns || first)
      version.additionalPrinterColumns?.forEach((column, index) => errors.push(...columnErrors(column, `${common.columns ? 'spec' : field}.additionalPrinterColumns[${index}]`)));
    if ((!common.selectable || first) && (version.selectableFields ?? []).length > 0) errors.push(...selectable(version, common, field, leniency));
  }
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) errors.push(invalid('spec.versions', versions, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names[name]) errors.push(required(`spec.names.${name}`));
  errors.push(...nameErrors(names, 'spec.names'));
  if (conversion !== undefined && conversion.strategy !== 'None' && preserves)
    errors.push(invalid('spec.conversion.strategy', conversion.strategy, 'must be None if spec.preserveUnknownFields is true'));
  errors.push(...conversionErrors(conversion, leniency));
  return errors;
}

const isExtended = (schema: JsonSchema): boolean =>
  schema['x-kubernetes-embedded-resource'] === true ||
  schema['x-kubernetes-preserve-unknown-fields'] !== undefined ||
  schema['x-kubernetes-int-or-string'] === true ||
  (schema['x-kubernetes-list-map-keys'] ?? []).length > 0 ||
  schema['x-kubernetes-list-type'] !== undefined ||
  (schema['x-kubernetes-validations'] ?? []).length > 0;

const hasStatus = ({ versions }: CustomResourceDefinitionSpec, version: CustomResourceDefinitionVersion, common: boolean): boolean =>
  common ? versions.some(({ subresources }) => subresources?.status !== undefined) : versions.find(({ name }) => name === version.name)!.subresources?.status !== undefined;

function selectable(version: CustomResourceDefinitionVersion, common: { readonly schema: boolean; readonly selectable: boolean }, field: string, leniency: Leniency): FieldError[] {
  const schema = schemaOf(version);
  const at = `${common.selectable ? 'spec' : field}.selectableFields`;
  // upstream looks for both in the same place
  if (common.selectable && (!common.schema || version.schema === undefined)) return [invalid(at, '', 'may only be set when validations.schema is included')];
  if (!common.selectable && (common.schema || schema === undefined)) return [invalid(at, '', 'may only be set when `version.schema.openAPIV3Schema` is not included')];
  return selectableErrors(version.selectableFields!, schema ?? {}, at, leniency.manySelectable(common.selectable ? '' : version.name));
}

function validationErrors(version: CustomResourceDefinitionVersion, withStatus: boolean, structural: boolean, leniency: Leniency, field: string): FieldError[] {
  const schema = schemaOf(version);
  if (schema === undefined) return [];
  const errors: FieldError[] = [];
  const path = `${field}.openAPIV3Schema`;
  if (withStatus) errors.push(...rootErrors(schema, path));
  if (schema.nullable === true) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  let inconvertible: string | undefined;
  let compiles = false;
  if (structural) {
    inconvertible = conversionError(schema);
    const found = inconvertible === undefined ? structuralErrors(schema, path) : [];
    if (inconvertible === undefined && found.length === 0) {
      const node = compileSchema({ ...schema, 'x-kubernetes-embedded-resource': true });
      found.push(...defaultErrors(node, path, leniency.prunedDefaults));
      compiles = found.length === 0;
    }
    errors.push(...found);
  }
  const rules = compiles && anySchema(schema, (one) => (one['x-kubernetes-validations'] ?? []).length > 0) ? ruleCheck(schema, path, leniency.unchanged(version.name)) : undefined;
  errors.push(...schemaErrors(schema, path, leniency, rules?.check), ...(rules?.total() ?? []));
  if (errors.length === 0 && inconvertible !== undefined) errors.push(invalid(path, '', inconvertible));
  return errors;
}

/** False and empty, too, they are said. */
const POINTERS: ReadonlySet<string> = new Set(['additionalProperties', 'additionalItems', 'x-kubernetes-list-type', 'x-kubernetes-map-type']);

function rootErrors(schema: JsonSchema, path: string): FieldError[] {
  if (schema.type !== undefined && schema.type !== '' && schema.type !== 'object')
    return [invalid(`${path}.type`, schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')];
  const isSet = (name: string, value: unknown): boolean => value !== undefined && ((value !== false && value !== '') || POINTERS.has(name));
  const odd = Object.entries(schema).some(([name, value]) => isSet(name, value) && !ROOT_FIELDS.includes(goName(name)));
  return odd ? [invalid(path, schema, `only [${ROOT_FIELDS.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`)] : [];
}

function conversionErrors(conversion: CustomResourceConversion | undefined, leniency: Leniency): FieldError[] {
  const errors: FieldError[] = [];
  if (conversion === undefined) return errors;
  const { strategy, webhook } = conversion;
  const field = 'spec.conversion';
  const client = webhook?.clientConfig;
  const reviews = webhook?.conversionReviewVersions ?? [];
  checkOneOf(errors, `${field}.strategy`, strategy, ['None', 'Webhook']);
  if (strategy !== 'Webhook') {
    if (client !== undefined) errors.push(forbidden(`${field}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook'));
    if (reviews.length > 0) errors.push(forbidden(`${field}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook'));
    return errors;
  }
  if (client === undefined) errors.push(required(`${field}.webhookClientConfig`, 'required when strategy is set to Webhook'));
  else {
    const { url, service, caBundle } = client;
    if ((url === undefined) === (service === undefined)) errors.push(required(`${field}.webhookClientConfig`, 'exactly one of url or service is required'));
    else if (url !== undefined) errors.push(...webhookUrlErrors(url, `${field}.webhookClientConfig.url`));
    else errors.push(...webhookServiceErrors(service!, `${field}.webhookClientConfig.service`));
    if (caBundle !== undefined && caBundle !== '' && !leniency.anyCaBundle) errors.push(...caBundleErrors(caBundle, `${field}.webhookClientConfig.caBundle`));
  }
  if (reviews.length === 0) errors.push(required(`${field}.conversionReviewVersions`));
  const seen = new Set<string>();
  for (const [at, version] of reviews.entries()) {
    const place = `${field}.conversionReviewVersions[${at}]`;
    if (seen.has(version)) errors.push(invalid(place, version, 'duplicate version'));
    else for (const message of isDNS1035Label(version)) errors.push(invalid(place, version, message));
    seen.add(version);
  }
  if (reviews.length > 0 && leniency.knownReviewVersion && !reviews.some((version) => REVIEW_VERSIONS.has(version)))
    errors.push(invalid(`${field}.conversionReviewVersions`, reviews, 'must include at least one of v1, v1beta1'));
  return errors;
}
