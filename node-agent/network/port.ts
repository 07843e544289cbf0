/** What the pod lifecycle asks of the node's network. Engines: linux/ (bridge, veth, nftables) and simulated/. */
export interface PodNetworkRequest {
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
  /** The sandbox's process: its network namespace is the pod's. */
  readonly pid: number;
  readonly hostPorts: readonly { readonly hostPort: number; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly hostIP?: string }[];
}

export interface PodNetwork {
  /** Idempotent: the same pod gets the same addresses again, after an agent's restart too. */
  attach(request: PodNetworkRequest): Promise<{ readonly ips: readonly string[] }>;
  /** Idempotent; the namespace may be gone already. */
  detach(podUid: string): Promise<void>;
  /** Forgets (and cleans up) every pod that is not named. */
  retain(podUids: readonly string[]): Promise<void>;
}
