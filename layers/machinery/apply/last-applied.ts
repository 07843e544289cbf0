/** The annotation of client-side apply, and the way from it to server-side apply (apimachinery `lastappliedmanager.go`). */
import { canonicalStringify } from '../json.ts';
import type { KubeObject } from '../object.ts';
import { difference, type FieldSet, MEMBER } from './field-set.ts';
import type { Place } from './place.ts';
import { compare } from './compare.ts';
import { isObject } from './value.ts';
import { applyErrors, fieldsOf } from './walk.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields that the annotation names and that still have its values; `undefined` where it is of no use. */
export function ownedByLastApplied(place: Place, live: KubeObject, apiVersion: string): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined || text === '') return undefined;
  let last: unknown;
  try {
    last = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(last) || last['apiVersion'] !== apiVersion || applyErrors(place, last).length > 0) return undefined;
  const { changed, removed } = compare(place, last, live);
  return difference(difference(fieldsOf(place, last) ?? MEMBER, changed), removed);
}

/** The object with the annotation brought up to date: kubectl may go back to client-side apply. */
export function withLastApplied(object: KubeObject, config: KubeObject): KubeObject {
  const { annotations, ...metadata } = config.metadata;
  const kept = Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => name !== LAST_APPLIED));
  const text = `${canonicalStringify({ ...config, metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations: kept }) } })}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED]: text } } };
}
