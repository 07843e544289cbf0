/** What one object counts against a quota (Kubernetes' `quota/v1/evaluator/core`): the same sums that the quota controller recounts. */
import type { Container, PersistentVolumeClaim, Pod, ResourceQuota, Service } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { add, compare, fromInteger, parseQuantity, type Quantity, ZERO } from '#machinery/quantity.ts';

export type Usage = Readonly<Record<string, Quantity>>;
const ONE = fromInteger(1);
/** Core resources that have a short name of their own, besides `count/...`. */
const COUNTED: ReadonlySet<string> = new Set(['configmaps', 'persistentvolumeclaims', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services']);
const STANDARD: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

export const terminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

type Pick_ = (container: Container) => Readonly<Record<string, string>>;
const requested: Pick_ = (container) => container.resources?.requests ?? {};
const limited: Pick_ = (container) => container.resources?.limits ?? {};

const sum = (into: Record<string, Quantity>, from: Readonly<Record<string, Quantity>>): void => {
  for (const [name, quantity] of Object.entries(from)) into[name] = add(into[name] ?? ZERO, quantity);
};
const parsed = (list: Readonly<Record<string, string>>): Record<string, Quantity> => Object.fromEntries(Object.entries(list).map(([name, text]) => [name, parseQuantity(text)]));

/** What a pod needs at its peak: all containers and sidecars together, or the greediest step of the initialization. */
export function podResources(pod: Pod, of: Pick_): Record<string, Quantity> {
  const total: Record<string, Quantity> = {};
  for (const container of pod.spec?.containers ?? []) sum(total, parsed(of(container)));
  const sidecars: Record<string, Quantity> = {};
  const peak: Record<string, Quantity> = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const own = parsed(of(container));
    if (container.restartPolicy === 'Always') {
      sum(sidecars, own);
      sum(total, own);
      for (const [name, quantity] of Object.entries(sidecars)) if (compare(quantity, peak[name] ?? ZERO) > 0) peak[name] = quantity;
    } else {
      const step: Record<string, Quantity> = { ...sidecars };
      sum(step, own);
      for (const [name, quantity] of Object.entries(step)) if (compare(quantity, peak[name] ?? ZERO) > 0) peak[name] = quantity;
    }
  }
  for (const [name, quantity] of Object.entries(peak)) if (compare(quantity, total[name] ?? ZERO) > 0) total[name] = quantity;
  const whole = pod.spec?.resources;
  if (whole !== undefined) Object.assign(total, parsed((of === requested ? whole.requests : whole.limits) ?? {}));
  const overhead = parsed(pod.spec?.overhead ?? {});
  for (const [name, quantity] of Object.entries(overhead)) if (of === requested || total[name] !== undefined) total[name] = add(total[name] ?? ZERO, quantity);
  return total;
}

export const podRequests = (pod: Pod): Record<string, Quantity> => podResources(pod, requested);
export const podLimits = (pod: Pod): Record<string, Quantity> => podResources(pod, limited);

function podUsage(pod: Pod): Usage {
  const usage: Record<string, Quantity> = { 'count/pods': ONE };
  // a pod that ended holds nothing but its own record
  if (terminal(pod)) return usage;
  usage['pods'] = ONE;
  for (const [name, quantity] of Object.entries(podRequests(pod))) {
    usage[`requests.${name}`] = quantity;
    if (STANDARD.has(name) || name.startsWith('hugepages-')) usage[name] = quantity;
  }
  for (const [name, quantity] of Object.entries(podLimits(pod))) if (STANDARD.has(name)) usage[`limits.${name}`] = quantity;
  return usage;
}

function serviceUsage(service: Service): Usage {
  const usage: Record<string, Quantity> = { 'count/services': ONE, services: ONE };
  const ports = fromInteger((service.spec?.ports ?? []).length);
  switch (service.spec?.type) {
    case 'NodePort':
      usage['services.nodeports'] = ports;
      break;
    case 'LoadBalancer':
      usage['services.loadbalancers'] = ONE;
      usage['services.nodeports'] =
        service.spec.allocateLoadBalancerNodePorts === false ? fromInteger((service.spec.ports ?? []).filter(({ nodePort }) => nodePort !== undefined).length) : ports;
      break;
    default:
  }
  return usage;
}

function claimUsage(claim: PersistentVolumeClaim): Usage {
  const usage: Record<string, Quantity> = { 'count/persistentvolumeclaims': ONE, persistentvolumeclaims: ONE };
  const className = claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName ?? '';
  const storage = claim.spec?.resources?.requests?.['storage'];
  if (storage !== undefined) usage['requests.storage'] = parseQuantity(storage);
  if (className !== '') {
    const prefix = `${className}.storageclass.storage.k8s.io/`;
    usage[`${prefix}persistentvolumeclaims`] = ONE;
    if (storage !== undefined) usage[`${prefix}requests.storage`] = parseQuantity(storage);
  }
  return usage;
}

/** `resource` as in the store: `pods`, `deployments.apps`. */
export function usageOf(resource: string, object: KubeObject): Usage {
  switch (resource) {
    case 'pods':
      return podUsage(object as Pod);
    case 'services':
      return serviceUsage(object as Service);
    case 'persistentvolumeclaims':
      return claimUsage(object as PersistentVolumeClaim);
    default:
      return COUNTED.has(resource) ? { [`count/${resource}`]: ONE, [resource]: ONE } : { [`count/${resource}`]: ONE };
  }
}

function bestEffort(pod: Pod): boolean {
  const named = (list: Readonly<Record<string, string>> | undefined): boolean => Object.keys(list ?? {}).some((name) => name === 'cpu' || name === 'memory');
  return ![...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].some(({ resources }) => named(resources?.requests) || named(resources?.limits));
}

const terminating = (pod: Pod): boolean => (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;
const crossNamespace = (pod: Pod): boolean => {
  const affinity = pod.spec?.affinity;
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((part) => [
    ...(part?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(part?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
};

interface Scope {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function inScope(scope: Scope, resource: string, object: KubeObject): boolean {
  if (scope.scopeName === 'VolumeAttributesClass') {
    const name = (object as PersistentVolumeClaim).spec?.volumeAttributesClassName ?? '';
    return resource === 'persistentvolumeclaims' && selects(scope, name === '' ? undefined : name);
  }
  if (resource !== 'pods') return false;
  const pod = object as Pod;
  switch (scope.scopeName) {
    case 'Terminating':
      return terminating(pod);
    case 'NotTerminating':
      return !terminating(pod);
    case 'BestEffort':
      return bestEffort(pod);
    case 'NotBestEffort':
      return !bestEffort(pod);
    case 'PriorityClass':
      return selects(scope, pod.spec?.priorityClassName || undefined);
    case 'CrossNamespacePodAffinity':
      return crossNamespace(pod);
    default:
      return false;
  }
}

function selects({ operator, values }: Scope, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && (values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value);
    case 'DoesNotExist':
      return value === undefined;
    default:
      return value !== undefined;
  }
}

/** Whether an object falls under a quota's scopes; all of them must hold. */
export function quotaMatches(quota: ResourceQuota, resource: string, object: KubeObject): boolean {
  const scopes: Scope[] = [...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })), ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
  return scopes.every((scope) => inScope(scope, resource, object));
}
