/** From a Service and its annotations to the load balancer that is wanted (aws.md 5.5: the in-tree provider's and the AWS Load Balancer Controller's). */
import { createHash } from 'node:crypto';
import type { HealthCheck, Listener, LoadBalancerSpec, Target } from './port.ts';

export const PREFIX = 'service.beta.kubernetes.io/aws-load-balancer-';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

export interface ServiceForBalancing {
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly ports?: readonly { readonly port: number; readonly protocol?: string; readonly nodePort?: number; readonly name?: string }[];
    readonly externalTrafficPolicy?: string;
    readonly healthCheckNodePort?: number;
    readonly loadBalancerSourceRanges?: readonly string[];
  };
}

/** An annotation that cannot be meant: the user mends it, trying again is no help. */
export class BadAnnotation extends Error {
  readonly code = 'BAD_ANNOTATION';
}

/** Suffixes that are heeded. */
const KNOWN: ReadonlySet<string> = new Set([
  'type',
  'nlb-target-type',
  'scheme',
  'internal',
  'name',
  'subnets',
  'cross-zone-load-balancing-enabled',
  'attributes',
  'target-group-attributes',
  'ssl-cert',
  'ssl-ports',
  'ssl-negotiation-policy',
  'backend-protocol',
  'proxy-protocol',
  'additional-resource-tags',
  'healthcheck-protocol',
  'healthcheck-port',
  'healthcheck-path',
  'healthcheck-interval',
  'healthcheck-timeout',
  'healthcheck-healthy-threshold',
  'healthcheck-unhealthy-threshold',
  'healthcheck-success-codes',
]);

/** Annotations of load balancers that mean nothing here. */
export const unknownAnnotations = ({ metadata: { annotations = {} } }: ServiceForBalancing): readonly string[] =>
  Object.keys(annotations).filter((name) => name.startsWith(PREFIX) && !KNOWN.has(name.slice(PREFIX.length)));

/** `k8s-NAMESPACE-SERVICE-HASH`: unique by the service's uid and the cluster, and readable as far as 32 characters allow. */
export function balancerName({ metadata: { name = '', namespace = '', uid = '' } }: ServiceForBalancing, cluster: string): string {
  const short = (text: string): string => text.replaceAll(/[^a-z0-9]/g, '').slice(0, 8);
  const hash = createHash('sha256').update(`${cluster}\n${uid}`).digest('hex').slice(0, 10);
  return `k8s-${short(namespace)}-${short(name)}-${hash}`;
}

class Annotations {
  readonly #all: Readonly<Record<string, string>>;
  constructor(all: Readonly<Record<string, string>>) {
    this.#all = all;
  }
  text(suffix: string): string | undefined {
    const value = this.#all[`${PREFIX}${suffix}`];
    return value === undefined || value.trim() === '' ? undefined : value.trim();
  }
  flag(suffix: string): boolean | undefined {
    const value = this.text(suffix);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') throw new BadAnnotation(`${PREFIX}${suffix} takes true or false, not ${JSON.stringify(value)}`);
    return value === 'true';
  }
  whole(suffix: string, min: number, max: number): number | undefined {
    const value = this.text(suffix);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) throw new BadAnnotation(`${PREFIX}${suffix} takes a number from ${min} to ${max}, not ${JSON.stringify(value)}`);
    return number;
  }
  list(suffix: string): readonly string[] | undefined {
    const found = this.text(suffix)
      ?.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    return found === undefined || found.length === 0 ? undefined : found;
  }
  pairs(suffix: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      (this.list(suffix) ?? []).map((pair) => {
        const at = pair.indexOf('=');
        if (at <= 0) throw new BadAnnotation(`${PREFIX}${suffix} takes key=value pairs, not ${JSON.stringify(pair)}`);
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    );
  }
}

function schemeOf(annotations: Annotations): LoadBalancerSpec['scheme'] {
  const scheme = annotations.text('scheme');
  if (scheme !== undefined) {
    if (scheme !== 'internal' && scheme !== 'internet-facing') throw new BadAnnotation(`${PREFIX}scheme takes internal or internet-facing, not ${JSON.stringify(scheme)}`);
    return scheme;
  }
  // as the provider in Kubernetes' own tree: open where nothing is said
  return annotations.flag('internal') === true ? 'internal' : 'internet-facing';
}

function listenersOf(service: ServiceForBalancing, annotations: Annotations): readonly Listener[] {
  const certificate = annotations.text('ssl-cert');
  const sslPorts = annotations.list('ssl-ports') ?? ['*'];
  const policy = annotations.text('ssl-negotiation-policy');
  const backend = annotations.text('backend-protocol')?.toLowerCase();
  const byPort = new Map<number, Listener>();
  for (const { port, protocol = 'TCP', nodePort, name = '' } of service.spec?.ports ?? []) {
    if (nodePort === undefined || nodePort === 0) throw new BadAnnotation(`port ${port} has no node port: allocateLoadBalancerNodePorts must not be false`);
    if (protocol !== 'TCP' && protocol !== 'UDP') throw new BadAnnotation(`a Network Load Balancer carries TCP and UDP, not ${protocol}`);
    const known = byPort.get(port);
    if (known !== undefined) {
      // one port of both protocols needs one node port for both
      if (known.nodePort !== nodePort) throw new BadAnnotation(`port ${port} is wanted for TCP and UDP: both must have the same node port`);
      byPort.set(port, { port, nodePort, protocol: 'TCP_UDP', targetProtocol: 'TCP_UDP' });
      continue;
    }
    const secure = certificate !== undefined && protocol === 'TCP' && (sslPorts.includes('*') || sslPorts.includes(String(port)) || sslPorts.includes(name));
    byPort.set(
      port,
      secure
        ? {
            port,
            nodePort,
            protocol: 'TLS',
            targetProtocol: backend === 'ssl' || backend === 'https' ? 'TLS' : 'TCP',
            certificateArn: certificate,
            sslPolicy: policy ?? 'ELBSecurityPolicy-TLS13-1-2-2021-06',
          }
        : { port, nodePort, protocol, targetProtocol: protocol },
    );
  }
  return Array.from(byPort.values());
}

function healthCheckOf({ spec }: ServiceForBalancing, annotations: Annotations): HealthCheck {
  const local = spec?.externalTrafficPolicy === 'Local' && spec.healthCheckNodePort !== undefined && spec.healthCheckNodePort > 0;
  const protocol = (annotations.text('healthcheck-protocol') ?? (local ? 'http' : 'tcp')).toUpperCase();
  if (protocol !== 'TCP' && protocol !== 'HTTP' && protocol !== 'HTTPS')
    throw new BadAnnotation(`${PREFIX}healthcheck-protocol takes tcp, http or https, not ${JSON.stringify(protocol)}`);
  const path = annotations.text('healthcheck-path') ?? (protocol === 'TCP' ? undefined : local ? '/healthz' : '/');
  const codes = annotations.text('healthcheck-success-codes');
  const numbers = {
    intervalSeconds: annotations.whole('healthcheck-interval', 5, 300),
    timeoutSeconds: annotations.whole('healthcheck-timeout', 2, 120),
    healthyThreshold: annotations.whole('healthcheck-healthy-threshold', 2, 10),
    unhealthyThreshold: annotations.whole('healthcheck-unhealthy-threshold', 2, 10),
  };
  return {
    protocol,
    port: annotations.text('healthcheck-port') ?? (local ? String(spec.healthCheckNodePort) : 'traffic-port'),
    ...(path === undefined || protocol === 'TCP' ? {} : { path }),
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    ...(codes === undefined || protocol === 'TCP' ? {} : { successCodes: codes }),
  };
}

/** @throws BadAnnotation */
export function balancerSpec(service: ServiceForBalancing, cluster: string, targets: readonly Target[]): LoadBalancerSpec {
  const { annotations: all = {}, namespace = '', name = '' } = service.metadata;
  const annotations = new Annotations(all);
  const type = annotations.text('type');
  if (type !== undefined && !['nlb', 'external', 'nlb-ip', 'classic'].includes(type)) throw new BadAnnotation(`${PREFIX}type ${JSON.stringify(type)} is not known`);
  if (type === 'nlb-ip' || annotations.text('nlb-target-type') === 'ip')
    throw new BadAnnotation('targets by pod address are not possible here: pods have no addresses of the VPC; use instance');
  const subnets = annotations.list('subnets');
  const ranges =
    service.spec?.loadBalancerSourceRanges ??
    (all[SOURCE_RANGES] ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const open = ranges.length === 0 || ranges.includes('0.0.0.0/0');
  const crossZone = annotations.flag('cross-zone-load-balancing-enabled');
  const proxy = annotations.text('proxy-protocol');
  if (proxy !== undefined && proxy !== '*') throw new BadAnnotation(`${PREFIX}proxy-protocol takes *, not ${JSON.stringify(proxy)}`);
  return {
    name: annotations.text('name') ?? balancerName(service, cluster),
    scheme: schemeOf(annotations),
    ...(subnets === undefined ? {} : { subnets }),
    listeners: listenersOf(service, annotations),
    healthCheck: healthCheckOf(service, annotations),
    attributes: { ...(crossZone === undefined ? {} : { 'load_balancing.cross_zone.enabled': String(crossZone) }), ...annotations.pairs('attributes') },
    targetGroupAttributes: { ...(proxy === undefined ? {} : { 'proxy_protocol_v2.enabled': 'true' }), ...annotations.pairs('target-group-attributes') },
    tags: { ...annotations.pairs('additional-resource-tags'), 'kubernetes.io/service-name': `${namespace}/${name}`, [`kubernetes.io/cluster/${cluster}`]: 'owned' },
    ...(open ? {} : { sourceRanges: [...ranges].sort() }),
    targets,
  };
}
