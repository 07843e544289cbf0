/** Label and field selectors of a list or watch, as one predicate over what the store indexes. */
import type { Kind } from '#kinds/kind.ts';
import { fieldsMatch, type FieldSelector } from '#machinery/fields.ts';
import { type LabelSelector, matches } from '#machinery/labels.ts';
import { badRequest } from '#machinery/status.ts';
import type { Indexed, ObjectKey } from '#store/port.ts';

export interface Selection {
  /** Absent: every namespace. */
  readonly namespace: string | undefined;
  /** The one name that can match. */
  readonly name: string | undefined;
  /** Absent: everything matches. */
  readonly match: ((indexed: Indexed, key: ObjectKey) => boolean) | undefined;
}

/** Old spellings that Kubernetes still takes (`registry/core/pod`). */
const ALIASES: Readonly<Record<string, Readonly<Record<string, string>>>> = { pods: { 'spec.host': 'spec.nodeName' } };

function fieldName(kind: Kind, field: string): string {
  if (field === 'metadata.name' || (field === 'metadata.namespace' && kind.namespaced)) return field;
  if (kind.fieldLabels !== undefined && Object.hasOwn(kind.fieldLabels, field)) return kind.fieldLabels[field]!;
  const name = kind.fieldLabels !== undefined ? '' : (ALIASES[kind.storage]?.[field] ?? field);
  if (Object.hasOwn(kind.fields, name)) return name;
  throw badRequest(
    Object.keys(kind.fields).length === 0 && kind.custom === undefined
      ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`,
  );
}

/** @throws ApiError 400 for a field that the kind cannot be selected by */
export function selection(kind: Kind, namespace: string, name: string, labels: LabelSelector, fields: FieldSelector): Selection {
  const terms = fields.map((term) => ({ ...term, field: fieldName(kind, term.field) }));
  // equality on the key is the store's to use; the rest is matched object by object
  const wantedNames = [...(name === '' ? [] : [name]), ...terms.filter(({ field, operator }) => field === 'metadata.name' && operator === '=').map(({ value }) => value)];
  const wantedNamespaces = [
    ...(namespace === '' ? [] : [namespace]),
    ...terms.filter(({ field, operator }) => field === 'metadata.namespace' && operator === '=').map(({ value }) => value),
  ];
  const rest = terms.filter(({ field, operator }) => !((field === 'metadata.name' || field === 'metadata.namespace') && operator === '='));
  const impossible = new Set(wantedNames).size > 1 || new Set(wantedNamespaces).size > 1;
  const everything = labels.requirements.length === 0 && labels.nothing !== true;
  return {
    namespace: wantedNamespaces[0],
    name: wantedNames[0],
    match: impossible
      ? () => false
      : rest.length === 0
        ? everything
          ? undefined
          : (indexed) => matches(labels, indexed.labels)
        : (indexed, key) =>
            matches(labels, indexed.labels) &&
            fieldsMatch(rest, (field) => (field === 'metadata.name' ? key.name : field === 'metadata.namespace' ? key.namespace : (indexed.fields[field] ?? ''))),
  };
}
