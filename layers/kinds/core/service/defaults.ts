/** Defaults of services, and what becomes of dependent fields when the type changes. */
import type { Service } from '#kinds/generated/types.ts';
import { semanticEqual } from '#machinery/json.ts';

/** Three hours. */
const AFFINITY_SECONDS = 10_800;

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None' || spec?.clusterIPs?.[0] === 'None';
export const usesClusterIP = ({ spec }: Service): boolean => spec?.type !== 'ExternalName';
export const usesNodePorts = ({ spec }: Service): boolean => spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
export const needsHealthCheck = ({ spec }: Service): boolean => spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
/** Reached from outside the cluster: only then does a traffic policy for outside make sense. */
export const reachedFromOutside = ({ spec }: Service): boolean =>
  spec?.type === 'LoadBalancer' || spec?.type === 'NodePort' || (spec?.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);

export function serviceDefaults(service: Service): void {
  const spec = (service.spec ??= {});
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === 'ClientIP') {
    const client = ((spec.sessionAffinityConfig ??= {}).clientIP ??= {});
    client.timeoutSeconds ??= AFFINITY_SECONDS;
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (reachedFromOutside(service)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.internalTrafficPolicy === undefined && spec.type !== 'ExternalName') spec.internalTrafficPolicy = 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  }
}

/** `clusterIP` is the first of `clusterIPs`; old clients know the one, new clients may write either. */
export function normalizeClusterIPs(now: Service, old: Service | undefined): void {
  const { spec } = now;
  if (spec === undefined) return;
  const was = old?.spec;
  if (was === undefined) {
    if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const [next, before] = [spec.clusterIP ?? '', was.clusterIP ?? ''];
  if (next === before) {
    if (next !== '' && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = was.clusterIPs ?? [next];
    return;
  }
  // only who left the list alone speaks through the single field
  if (!semanticEqual(spec.clusterIPs, was.clusterIPs) && (spec.clusterIPs ?? []).length > 0) return;
  if (next === '') delete spec.clusterIPs;
  else if (before === '') spec.clusterIPs = [next];
  else spec.clusterIPs = [next, ...(spec.clusterIPs ?? []).slice(1)];
}

/** A change of type takes along what the old type needed, unless the client changed it on purpose. */
export function dropDependentFields(now: Service, old: Service): void {
  const { spec } = now;
  const was = old.spec;
  if (spec === undefined || was === undefined) return;
  if (usesClusterIP(old) && !usesClusterIP(now) && semanticEqual(spec.clusterIPs, was.clusterIPs) && spec.clusterIP === was.clusterIP) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    if (semanticEqual(spec.ipFamilies, was.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === was.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (usesNodePorts(old) && !usesNodePorts(now)) {
    const ports = new Set((was.ports ?? []).map(({ nodePort }) => nodePort));
    if ((spec.ports ?? []).every(({ nodePort }) => !nodePort || ports.has(nodePort))) for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheck(old) && !needsHealthCheck(now) && spec.healthCheckNodePort === was.healthCheckNodePort) delete spec.healthCheckNodePort;
  if (was.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === was.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === was.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (reachedFromOutside(old) && !reachedFromOutside(now) && spec.externalTrafficPolicy === was.externalTrafficPolicy) delete spec.externalTrafficPolicy;
}
