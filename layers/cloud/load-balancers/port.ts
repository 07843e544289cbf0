/** The port to load balancers: one per Service, wanted as a whole, made, changed in place and removed by name. */

export type ListenerProtocol = 'TCP' | 'UDP' | 'TCP_UDP' | 'TLS';

export interface HealthCheck {
  readonly protocol: 'TCP' | 'HTTP' | 'HTTPS';
  /** A number, or `traffic-port`: the node port itself. */
  readonly port: string;
  readonly path?: string;
  readonly intervalSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly healthyThreshold?: number;
  readonly unhealthyThreshold?: number;
  /** `200-399`. */
  readonly successCodes?: string;
}

export interface Listener {
  readonly port: number;
  readonly protocol: ListenerProtocol;
  readonly nodePort: number;
  /** Of what is behind it: TLS ends at the listener, or goes on. */
  readonly targetProtocol: 'TCP' | 'UDP' | 'TCP_UDP' | 'TLS';
  readonly certificateArn?: string;
  readonly sslPolicy?: string;
}

export interface LoadBalancerSpec {
  /** At most 32 letters, digits and hyphens. */
  readonly name: string;
  readonly scheme: 'internal' | 'internet-facing';
  /** Ids; absent: those tagged for the scheme. */
  readonly subnets?: readonly string[];
  readonly listeners: readonly Listener[];
  readonly healthCheck: HealthCheck;
  /** `load_balancing.cross_zone.enabled` and others. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly targetGroupAttributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Who may connect; absent: everybody. */
  readonly sourceRanges?: readonly string[];
  readonly targets: readonly Target[];
}

/** A node: by its instance in a cloud, by its address elsewhere. */
export interface Target {
  readonly node: string;
  readonly instanceId?: string;
  readonly address?: string;
}

export interface Ensured {
  readonly ingress: readonly { readonly hostname?: string; readonly ip?: string }[];
  /** Whether anything had to be made or changed. */
  readonly changed: boolean;
}

/** What a user has to mend (no subnets, a quota, a name that is taken): said as an Event, tried again later. */
export class LoadBalancerProblem extends Error {
  readonly code = 'LOAD_BALANCER';
}

export interface LoadBalancers {
  /** @throws LoadBalancerProblem */
  ensure(spec: LoadBalancerSpec): Promise<Ensured>;
  /** Nothing of it is left when this resolves. Resolves too where there was nothing. @throws LoadBalancerProblem when it must be tried again */
  remove(name: string): Promise<void>;
}
