/** Warnings about pods and templates that are accepted but will surprise (Kubernetes' `api/pod/warnings.go`). */
import type { ObjectMeta, Pod, PodSpec } from '#kinds/generated/types.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import { milliValue } from '#machinery/quantity.ts';
import { quantityOf } from './validate-resources.ts';

const DEPRECATED_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const DEPRECATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const REMOVED_VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

export function specWarnings(field: string, spec: PodSpec, meta: ObjectMeta | undefined): string[] {
  const found: string[] = [];
  const tell = (at: string, text: string): void => void found.push(`${field}${at}: ${text}`);
  for (const key in spec.nodeSelector) if (DEPRECATED_LABELS[key] !== undefined) tell(`.nodeSelector[${key}]`, DEPRECATED_LABELS[key]);
  affinityWarnings(spec, tell);
  for (const key in meta?.annotations)
    if (DEPRECATED_ANNOTATIONS[key] !== undefined)
      found.push(`${field === 'spec' ? 'metadata' : field.replace(/spec$/, 'metadata')}.annotations[${key}]: ${DEPRECATED_ANNOTATIONS[key]}`);
  (spec.volumes ?? []).forEach((volume, index) => {
    for (const key in volume) if (REMOVED_VOLUMES[key] !== undefined) tell(`.volumes[${index}].${key}`, REMOVED_VOLUMES[key]);
    const limit = volume.emptyDir?.sizeLimit;
    if (limit !== undefined && isFractional(limit)) tell(`.volumes[${index}].emptyDir.sizeLimit`, `fractional byte value ${JSON.stringify(limit)} is invalid, must be an integer`);
  });
  const secrets = new Set<string>();
  (spec.imagePullSecrets ?? []).forEach(({ name = '' }, index) => {
    if (name === '') tell(`.imagePullSecrets[${index}].name`, `invalid empty name ${JSON.stringify(name)}`);
    else if (secrets.has(name)) tell(`.imagePullSecrets[${index}].name`, `duplicate name ${JSON.stringify(name)}`);
    secrets.add(name);
  });
  const addresses = new Set<string>();
  (spec.hostAliases ?? []).forEach(({ ip }, index) => {
    if (addresses.has(ip)) tell(`.hostAliases[${index}].ip`, `duplicate ip ${JSON.stringify(ip)}`);
    addresses.add(ip);
  });
  containerWarnings(spec, tell);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) tell('.terminationGracePeriodSeconds', 'must be >= 0; negative values are invalid and will be treated as 1');
  return found;
}

type Tell = (at: string, text: string) => void;
const isFractional = (text: string): boolean => milliValue(quantityOf(text)) % 1000n !== 0n;

function affinityWarnings(spec: PodSpec, tell: Tell): void {
  const [must, should] = ['requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution'] as const;
  const node = spec.affinity?.nodeAffinity;
  const keys = (at: string, expressions: readonly { readonly key: string }[] | undefined): void =>
    (expressions ?? []).forEach(({ key }, index) => {
      if (DEPRECATED_LABELS[key] !== undefined) tell(`${at}.matchExpressions[${index}].key`, `${key} is ${DEPRECATED_LABELS[key]}`);
    });
  (node?.[must]?.nodeSelectorTerms ?? []).forEach(({ matchExpressions }, index) => keys(`.affinity.nodeAffinity.${must}.nodeSelectorTerms[${index}]`, matchExpressions));
  (node?.[should] ?? []).forEach(({ preference }, index) => keys(`.affinity.nodeAffinity.${should}[${index}].preference`, preference.matchExpressions));
  (spec.topologySpreadConstraints ?? []).forEach(({ topologyKey }, index) => {
    if (DEPRECATED_LABELS[topologyKey] !== undefined) tell(`.topologySpreadConstraints[${index}].topologyKey`, `${topologyKey} is ${DEPRECATED_LABELS[topologyKey]}`);
  });
}

function containerWarnings(spec: PodSpec, tell: Tell): void {
  const ports = new Map<string, string>();
  for (const kind of ['initContainers', 'containers'] as const)
    (spec[kind] ?? []).forEach((container, index) => {
      const at = `.${kind}[${index}]`;
      for (const part of ['limits', 'requests'] as const)
        for (const name of ['memory', 'ephemeral-storage']) {
          const text = container.resources?.[part]?.[name];
          if (text !== undefined && isFractional(text)) tell(`${at}.resources.${part}[${name}]`, `fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`);
        }
      const names = new Map<string, string>();
      (container.env ?? []).forEach(({ name, value = '' }, number) => {
        // `PATH=$(PATH):/x` after another PATH is on purpose
        if (names.has(name) && !value.includes(`$(${name})`))
          tell(`${at}.env[${number}]`, `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`);
        names.set(name, value);
      });
      const own = new Set<string>();
      (container.ports ?? []).forEach(({ containerPort, protocol = 'TCP', hostPort = 0, name = '' }, number) => {
        const key = `${containerPort}/${protocol}/${hostPort}`;
        if (own.has(key)) tell(`${at}.ports[${number}]`, `duplicate port definition with ${at.slice(1)}.ports`);
        own.add(key);
        if (name !== '' && ports.has(name) && ports.get(name) !== at)
          tell(
            `${at}.ports[${number}].name`,
            `duplicate port name ${JSON.stringify(name)} with ${ports.get(name)!.slice(1)}, services and probes that select ports by name will use ${ports.get(name)!.slice(1)}`,
          );
        else if (name !== '') ports.set(name, at);
      });
    });
}

export function podWarnings(now: Pod, old: Pod | undefined): string[] {
  const found: string[] = [];
  if (old === undefined) {
    const name = now.metadata.name ?? '';
    const messages = isDNS1123Label(name);
    if (messages.length > 0)
      found.push(`metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`);
  }
  return now.spec === undefined ? found : [...found, ...specWarnings('spec', now.spec, now.metadata)];
}
