/** What the API server would say of an object of a built-in kind, without one: defaults, problems as `field: type: detail`, table cells. */
import type { FieldError } from '#machinery/field-error.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Kind, KindContext } from '../kind.ts';
import { builtInKinds } from '../registry.ts';

export const NOW = Date.parse('2026-01-01T00:10:00Z');
const context: KindContext = {
  clock: { now: () => NOW, after: () => () => undefined },
  ids: { uid: () => '00000000-0000-4000-8000-000000000001', suffix: (length) => 'x'.repeat(length) },
  user: { name: 'jane', uid: 'u-1', groups: ['team', 'system:authenticated'] },
};

export function kindOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Kind {
  const slash = apiVersion.indexOf('/');
  const found = builtInKinds().byKind(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
  if (found === undefined) throw new Error(`no kind ${apiVersion} ${kind}`);
  return found;
}

/** What it would be stored as after a create. */
export function created<T extends KubeObject>(object: T): T {
  const copy = structuredClone(object);
  copy.metadata = { name: 'one', creationTimestamp: '2026-01-01T00:00:00Z', ...copy.metadata };
  const kind = kindOf(copy);
  kind.defaults?.(copy);
  kind.prepareForCreate?.(copy, context);
  return copy;
}

const texts = (errors: readonly FieldError[]): string[] => errors.map(({ field, type, detail }) => `${field}: ${type.replace('FieldValue', '')}: ${detail}`.replace(/: $/, ''));

export function problems(object: KubeObject): string[] {
  const copy = created(object);
  return texts(kindOf(copy).validate?.(copy, context) ?? []);
}

/** Through the main door, or that of a subresource. */
export function updated<T extends KubeObject>(old: T, next: T, door?: string): { readonly object: T; readonly problems: string[] } {
  const before = created(old);
  before.metadata.resourceVersion = '1';
  if (old['status'] !== undefined) Object.assign(before, { status: structuredClone(old['status']) });
  const object = structuredClone(next);
  object.metadata = { ...structuredClone(before.metadata), ...object.metadata };
  const kind = kindOf(object);
  kind.defaults?.(object);
  if (door === undefined) {
    kind.prepareForUpdate?.(object, before, context);
    return { object, problems: texts([...(kind.validate?.(object, context) ?? []), ...(kind.validateUpdate?.(object, before, context) ?? [])]) };
  }
  const stored = kind.stored.find(({ name }) => name === door)!;
  stored.prepareForUpdate(object, before, context);
  return { object, problems: texts(stored.validateUpdate?.(object, before, context) ?? []) };
}

export function cells(object: KubeObject): readonly unknown[] {
  return kindOf(object).row?.(created(object), NOW).cells ?? [];
}

export const warnings = (object: KubeObject): string[] => kindOf(object).warnings?.(created(object), undefined) ?? [];
