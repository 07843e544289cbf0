/** Discovery as it was before 1.26, one answer per group-version. */
import type { DiscoveredGroup, DiscoveredResource, DiscoveredVersion } from './index.ts';

export const apiVersions = (serverAddress: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});

const groupVersion = (group: string, version: string): object => ({ groupVersion: `${group}/${version}`, version });

function groupBody({ group, versions }: DiscoveredGroup): object {
  const all = versions.map(({ version }) => groupVersion(group, version));
  return { name: group, versions: all, preferredVersion: all[0] };
}

export const apiGroupList = (groups: readonly DiscoveredGroup[]): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groups.filter(({ group }) => group !== '').map(groupBody),
});

export const apiGroup = (group: DiscoveredGroup): object => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) });

function entries(
  group: string,
  version: string,
  { plural, singular, kind, namespaced, verbs, shortNames, categories, storageVersionHash, subresources }: DiscoveredResource,
): object[] {
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
      ...(storageVersionHash === '' ? {} : { storageVersionHash }),
    },
    ...subresources.map((one) => ({
      name: `${plural}/${one.name}`,
      singularName: '',
      namespaced,
      // a type of another group is named in full: that is how clients find out which evictions there are
      ...(one.group === group && one.version === version ? {} : { group: one.group, version: one.version }),
      kind: one.kind,
      verbs: one.verbs,
    })),
  ];
}

export const apiResourceList = (group: string, { version, resources }: DiscoveredVersion): object => ({
  kind: 'APIResourceList',
  ...(group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: group === '' ? version : `${group}/${version}`,
  resources: resources.flatMap((one) => entries(group, version, one)),
});
