/** `APIGroupDiscoveryList`: all groups and resources in two answers, `/api` and `/apis` (apidiscovery.k8s.io v2 and v2beta1). */
import type { DiscoveredGroup, DiscoveredResource, DiscoveredVersion } from './index.ts';

export type AggregatedVersion = 'v2' | 'v2beta1';

const gvk = (group: string, version: string, kind: string): object => ({ group, version, kind });

function resource(group: string, version: string, { plural, singular, kind, namespaced, verbs, shortNames, categories, subresources }: DiscoveredResource): object {
  return {
    resource: plural,
    responseKind: gvk(group, version, kind),
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? { subresources: subresources.map((one) => ({ subresource: one.name, responseKind: gvk(one.group, one.version, one.kind), acceptedTypes: null, verbs: one.verbs })) }
      : {}),
  };
}

const versionOf = (group: string, { version, resources, stale }: DiscoveredVersion): object => ({
  version,
  resources: resources.map((one) => resource(group, version, one)),
  freshness: stale === true ? 'Stale' : 'Current',
});

export function aggregated(groups: readonly DiscoveredGroup[], apiVersion: AggregatedVersion): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${apiVersion}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: versions.map((version) => versionOf(group, version)),
    })),
  };
}

/** Which aggregated form the client asks for first, if it takes one at all before plain JSON. */
export function aggregatedAsked(accept: string | undefined): AggregatedVersion | undefined {
  if (accept === undefined || !accept.includes('APIGroupDiscoveryList')) return undefined;
  for (const clause of accept.split(',')) {
    const [type, ...parameters] = clause.split(';').map((part) => part.trim());
    if (type !== 'application/json') continue;
    if (!parameters.includes('as=APIGroupDiscoveryList') || !parameters.includes('g=apidiscovery.k8s.io')) return undefined;
    if (parameters.includes('v=v2')) return 'v2';
    if (parameters.includes('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}
