/** What clients are told of finalizers without a domain and of deprecated versions. */
import { isQualifiedName } from '#machinery/names.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { CustomResourceDefinition } from '../generated/types.ts';
import { compareVersions } from './versions.ts';

const STANDARD: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

export function finalizerWarnings({ metadata }: KubeObject, old: KubeObject | undefined): string[] {
  const before = old?.metadata.finalizers ?? [];
  const added = (metadata.finalizers ?? []).filter((one) => !before.includes(one));
  return [...new Set(added)].sort().flatMap((finalizer) => {
    const found = isQualifiedName(finalizer).map((message) => `metadata.finalizers: ${JSON.stringify(finalizer)}: ${message}`);
    if (finalizer.includes('/') || STANDARD.has(finalizer)) return found;
    const way = finalizer.includes('.') ? 'finalizer name including a path (/)' : 'finalizer name';
    return [...found, `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified ${way} to avoid accidental conflicts with other finalizer writers`];
  });
}

export function deprecationWarnings({ spec }: CustomResourceDefinition, version: string): readonly string[] {
  const own = spec.versions.find(({ name }) => name === version);
  if (own?.deprecated !== true) return [];
  if (own.deprecationWarning !== undefined) return [own.deprecationWarning];
  const better = spec.versions
    .filter(({ served, deprecated, name }) => served && deprecated !== true && compareVersions(name, version) < 0)
    .map(({ name }) => name)
    .sort(compareVersions)[0];
  const { group, names } = spec;
  return [`${group}/${version} ${names.kind} is deprecated${better === undefined ? '' : `; use ${group}/${better} ${names.kind}`}`];
}
