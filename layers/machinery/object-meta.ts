/** What holds for the metadata of every object (apimachinery `api/validation/objectmeta.go`). */
import { type FieldError, forbidden, invalid, required, tooLong } from './field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue, isPathSegmentName, isQualifiedName } from './names.ts';
import type { ObjectMeta } from './object.ts';
import { semanticEqual } from './json.ts';

export type NameRule = 'subdomain' | 'label' | 'pathSegment';

const RULES: Readonly<Record<NameRule, (name: string) => string[]>> = {
  subdomain: isDNS1123Subdomain,
  label: isDNS1123Label,
  pathSegment: isPathSegmentName,
};
const ANNOTATIONS_LIMIT = 256 * 1024;
const UNSETTABLE_KINDS: ReadonlySet<string> = new Set(['v1/Event']);
const SPECIAL_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** The name that a generateName becomes: at most 58 characters of it, and five made up. */
export const generateName = (base: string, suffix: (length: number) => string): string => `${base.slice(0, 58)}${suffix(5)}`;

export function labelErrors(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    for (const message of isQualifiedName(key)) errors.push(invalid(field, key, message));
    for (const message of isLabelValue(labels[key]!)) errors.push(invalid(field, labels[key], message));
  }
  return errors;
}

export function annotationErrors(annotations: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in annotations) {
    for (const message of isQualifiedName(key.toLowerCase())) errors.push(invalid(field, key, message));
    size += key.length + Buffer.byteLength(annotations[key]!);
  }
  if (size > ANNOTATIONS_LIMIT) errors.push(tooLong(field, ANNOTATIONS_LIMIT));
  return errors;
}

function finalizerErrors(finalizers: readonly string[] | undefined, field: string, any: boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers ?? []) for (const message of isQualifiedName(finalizer)) errors.push(invalid(field, finalizer, message));
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(invalid(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  if (!any)
    for (const [index, finalizer] of (finalizers ?? []).entries())
      if (!finalizer.includes('/') && !SPECIAL_FINALIZERS.has(finalizer))
        errors.push(invalid(`${field}[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  return errors;
}

export function ownerReferenceErrors(references: ObjectMeta['ownerReferences'], field: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references ?? []) {
    if (!reference.apiVersion) errors.push(invalid(`${field}.apiVersion`, reference.apiVersion ?? '', 'version must not be empty'));
    if (!reference.kind) errors.push(invalid(`${field}.kind`, reference.kind ?? '', 'must not be empty'));
    if (!reference.name) errors.push(invalid(`${field}.name`, reference.name ?? '', 'must not be empty'));
    if (!reference.uid) errors.push(invalid(`${field}.uid`, reference.uid ?? '', 'must not be empty'));
    if (UNSETTABLE_KINDS.has(`${reference.apiVersion}/${reference.kind}`))
      errors.push(invalid(field, reference, `${reference.apiVersion}, Kind=${reference.kind} is disallowed from being an owner`));
    if (reference.controller !== true) continue;
    if (controller !== undefined)
      errors.push(invalid(field, references, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${reference.name}`));
    else controller = reference.name;
  }
  return errors;
}

export interface MetaRules {
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
  /** Finalizers need no domain and no path. */
  readonly anyFinalizer?: boolean;
  readonly field?: string;
}

export function validateObjectMeta(meta: ObjectMeta, options: MetaRules): FieldError[] {
  const field = options.field ?? 'metadata';
  const errors: FieldError[] = [];
  if (meta.generateName)
    for (const message of RULES[options.nameRule](meta.generateName.replace(/-$/, 'a'))) errors.push(invalid(`${field}.generateName`, meta.generateName, message));
  if (!meta.name) {
    // a generateName is turned into a name before this
    errors.push(required(`${field}.name`, 'name or generateName is required'));
  } else for (const message of RULES[options.nameRule](meta.name)) errors.push(invalid(`${field}.name`, meta.name, message));
  if (options.namespaced) {
    if (!meta.namespace) errors.push(required(`${field}.namespace`));
    else for (const message of isDNS1123Label(meta.namespace)) errors.push(invalid(`${field}.namespace`, meta.namespace, message));
  } else if (meta.namespace) errors.push(forbidden(`${field}.namespace`, 'not allowed on this type'));
  errors.push(
    ...labelErrors(meta.labels, `${field}.labels`),
    ...annotationErrors(meta.annotations, `${field}.annotations`),
    ...ownerReferenceErrors(meta.ownerReferences, `${field}.ownerReferences`),
    ...finalizerErrors(meta.finalizers, `${field}.finalizers`, options.anyFinalizer === true),
  );
  for (const [index, entry] of (meta.managedFields ?? []).entries()) {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      errors.push(invalid(`${field}.managedFields[${index}].operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    if (entry.fieldsType !== undefined && entry.fieldsType !== 'FieldsV1')
      errors.push(invalid(`${field}.managedFields[${index}].fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
  }
  return errors;
}

export function validateObjectMetaUpdate(now: ObjectMeta, old: ObjectMeta, field = 'metadata'): FieldError[] {
  const errors: FieldError[] = [];
  const immutable = (name: keyof ObjectMeta): void => {
    if (!semanticEqual(now[name], old[name])) errors.push(invalid(`${field}.${name}`, now[name] ?? null, 'field is immutable'));
  };
  if (old.deletionTimestamp !== undefined) {
    const added = (now.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer) && finalizer !== 'orphan' && finalizer !== 'foregroundDeletion');
    if (added.length > 0)
      errors.push(
        forbidden(
          `${field}.finalizers`,
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
        ),
      );
  }
  if (now.resourceVersion === undefined || now.resourceVersion === '') errors.push(invalid(`${field}.resourceVersion`, '', 'must be specified for an update'));
  if ((now.generation ?? 0) < (old.generation ?? 0)) errors.push(invalid(`${field}.generation`, now.generation ?? 0, 'must not be decremented'));
  immutable('name');
  immutable('namespace');
  immutable('uid');
  immutable('creationTimestamp');
  immutable('deletionTimestamp');
  immutable('deletionGracePeriodSeconds');
  return errors;
}
