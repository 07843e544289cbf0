/**
 * Defaults of pods and of the pod templates inside other kinds (Kubernetes' `apis/core/v1/defaults.go`). In place, and
 * harmless when run again.
 */
import type { Container, EphemeralContainer, Lifecycle, Pod, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, Volume } from '#kinds/generated/types.ts';
import { formatQuantity, parseQuantity } from '#machinery/quantity.ts';
import { volumeDefaults } from './volume-defaults.ts';

/** Kubernetes keeps requests and limits to a thousandth; finer ones are rounded up. */
const MICRO = 1_000_000n;
/** Quantities that end so are never finer than a thousandth: nothing to parse. */
const COARSE = /^\d+(m|[kMGTPE]i?|Ki)?$/;

function roundResources(list: Record<string, string> | undefined): void {
  for (const name in list) {
    const text = list[name]!;
    if (typeof text !== 'string' || COARSE.test(text)) continue;
    const quantity = parseQuantity(text);
    if (quantity.nano % MICRO !== 0n) list[name] = formatQuantity({ ...quantity, nano: (quantity.nano / MICRO + (quantity.nano > 0n ? 1n : 0n)) * MICRO });
  }
}

function resourceDefaults(resources: ResourceRequirements): void {
  roundResources(resources.limits);
  roundResources(resources.requests);
}

/** A tag that may move must be looked up at each start. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]*)$/.exec(image)?.[1];
  return tag === undefined || tag === '' || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function httpGetDefaults(get: { path?: string; scheme?: string } | undefined): void {
  if (get === undefined) return;
  get.path ||= '/';
  get.scheme ||= 'HTTP';
}

function probeDefaults(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  httpGetDefaults(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function lifecycleDefaults(lifecycle: Lifecycle | undefined): void {
  httpGetDefaults(lifecycle?.postStart?.httpGet);
  httpGetDefaults(lifecycle?.preStop?.httpGet);
}

export function containerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= pullPolicyOf(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  resourceDefaults(container.resources);
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const { valueFrom } of container.env ?? []) if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ||= 'v1';
  probeDefaults(container.livenessProbe);
  probeDefaults(container.readinessProbe);
  probeDefaults(container.startupProbe);
  lifecycleDefaults(container.lifecycle);
}

/** Of pods and templates alike. */
export function podSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  for (const volume of spec.volumes ?? []) volumeDefaults(volume as Volume);
  for (const container of spec.initContainers ?? []) containerDefaults(container);
  for (const container of spec.containers ?? []) containerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) containerDefaults(container);
  roundResources(spec.overhead);
  if (spec.resources !== undefined) resourceDefaults(spec.resources);
  // the old spelling and the new one are one field
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
}

function hostPorts(containers: Container[] | undefined): void {
  for (const container of containers ?? []) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

/** Templates keep what pods of them will get from the pod defaults. */
export function podTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.metadata ??= {};
  // older clients send `creationTimestamp: null`
  if (template.metadata.creationTimestamp === null) delete template.metadata.creationTimestamp;
  if (template.spec !== undefined) podSpecDefaults(template.spec);
}

/** Requests that are not given are the limits, resource by resource. */
function requestsFromLimits(container: Container): void {
  const { limits } = (container.resources ??= {});
  if (limits === undefined) return;
  for (const name in limits) {
    const requests = (container.resources.requests ??= {});
    if (requests[name] === undefined) requests[name] = limits[name]!;
  }
}

const POD_LEVEL: readonly string[] = ['cpu', 'memory'];

/** Pod-level requests that are not given: what the containers ask for together, or the pod-level limit. */
function podLevelRequests(spec: PodSpec): void {
  const { resources } = spec;
  if (resources?.limits === undefined || Object.keys(resources.limits).length === 0) return;
  const requests: Record<string, string> = { ...resources.requests };
  const together = aggregateRequests(spec);
  for (const name of Object.keys(together)) if (requests[name] === undefined && POD_LEVEL.includes(name)) requests[name] = together[name]!;
  for (const name of Object.keys(resources.limits)) requests[name] ??= resources.limits[name]!;
  resources.requests = requests;
}

/** What the containers of a pod ask for together at their peak. */
export function aggregateRequests(spec: PodSpec): Record<string, string> {
  const total: Record<string, bigint> = {};
  const peak: Record<string, bigint> = {};
  const sidecars: Record<string, bigint> = {};
  const formats: Record<string, 'DecimalSI' | 'BinarySI' | 'DecimalExponent'> = {};
  const own = (container: Container): Record<string, bigint> => {
    const list: Record<string, bigint> = {};
    for (const [name, text] of Object.entries(container.resources?.requests ?? {})) {
      const quantity = parseQuantity(text);
      list[name] = quantity.nano;
      formats[name] ??= quantity.format;
    }
    return list;
  };
  const add = (into: Record<string, bigint>, list: Readonly<Record<string, bigint>>): void => {
    for (const name in list) into[name] = (into[name] ?? 0n) + list[name]!;
  };
  const raise = (into: Record<string, bigint>, list: Readonly<Record<string, bigint>>): void => {
    for (const name in list) if (list[name]! > (into[name] ?? -1n)) into[name] = list[name]!;
  };
  for (const container of spec.containers ?? []) add(total, own(container));
  for (const container of spec.initContainers ?? []) {
    const list = own(container);
    if (container.restartPolicy === 'Always') {
      add(total, list);
      add(sidecars, list);
      raise(peak, sidecars);
    } else {
      const step = { ...sidecars };
      add(step, list);
      raise(peak, step);
    }
  }
  raise(total, peak);
  return Object.fromEntries(Object.entries(total).map(([name, nano]) => [name, formatQuantity({ nano, format: formats[name] ?? 'DecimalSI' })]));
}

export function podDefaults(pod: Pod): void {
  const spec = (pod.spec ??= { containers: [] });
  for (const container of spec.containers ?? []) requestsFromLimits(container);
  for (const container of spec.initContainers ?? []) requestsFromLimits(container);
  podLevelRequests(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    hostPorts(spec.containers);
    hostPorts(spec.initContainers);
  }
  podSpecDefaults(spec);
}
