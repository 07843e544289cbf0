/** The node's own look at a pod that was bound to it: the scheduler may have been late, or somebody bound it by hand. */
import { parseQuantity } from '#machinery/quantity.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isSidecar, isTerminal, type Container, type NodeSelector, type NodeSelectorRequirement, type Pod } from './pod.ts';
import { forbiddenSysctl } from './security.ts';

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

const rejection = (reason: string, text: string): Rejection => ({ reason, message: `Pod was rejected: ${text}` });

type Amounts = Map<string, bigint>;

function addAll(into: Amounts, list: Readonly<Record<string, string>> | undefined, combine: (a: bigint, b: bigint) => bigint): void {
  for (const [name, text] of Object.entries(list ?? {})) into.set(name, combine(into.get(name) ?? 0n, parseQuantity(String(text)).nano));
}
const sum = (a: bigint, b: bigint): bigint => a + b;
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** What a pod takes of a node, in billionths: its containers and sidecars together, or the largest moment of its start. */
export function requestsOf(pod: Pod): Amounts {
  const total: Amounts = new Map();
  for (const container of pod.spec.containers) addAll(total, container.resources?.requests, sum);
  const sidecars: Amounts = new Map();
  const starting: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) addAll(sidecars, container.resources?.requests, sum);
    const now = new Map(sidecars);
    if (!isSidecar(container)) addAll(now, container.resources?.requests, sum);
    for (const [name, amount] of now) starting.set(name, max(starting.get(name) ?? 0n, amount));
  }
  for (const [name, amount] of sidecars) total.set(name, (total.get(name) ?? 0n) + amount);
  for (const [name, amount] of starting) total.set(name, max(total.get(name) ?? 0n, amount));
  for (const [name, text] of Object.entries(pod.spec.resources?.requests ?? {})) total.set(name, parseQuantity(String(text)).nano);
  addAll(total, pod.spec.overhead, sum);
  return total;
}

function holds(requirement: NodeSelectorRequirement, values: Readonly<Record<string, string>>): boolean {
  const value = values[requirement.key];
  const wanted = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && wanted.includes(value);
    case 'NotIn':
      return value === undefined || !wanted.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(wanted[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(wanted[0]);
  }
}

export function selects(selector: NodeSelector, node: KubeObject): boolean {
  const fields = { 'metadata.name': node.metadata.name ?? '' };
  return selector.nodeSelectorTerms.some(
    (term) =>
      (term.matchExpressions ?? []).length + (term.matchFields ?? []).length > 0 &&
      (term.matchExpressions ?? []).every((requirement) => holds(requirement, node.metadata.labels ?? {})) &&
      (term.matchFields ?? []).every((requirement) => holds(requirement, fields)),
  );
}

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

function hostPortsOf(pod: Pod): HostPort[] {
  const containers: readonly Container[] = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort === undefined || hostPort === 0 ? [] : [{ ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP, protocol: protocol ?? 'TCP', port: hostPort }],
    ),
  );
}

const clash = (a: HostPort, b: HostPort): boolean => a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');

function shortage(pod: Pod, others: readonly Pod[], allocatable: Readonly<Record<string, string>>): Rejection | undefined {
  const pods = parseQuantity(allocatable['pods'] ?? '110').nano / 1_000_000_000n;
  if (BigInt(others.length) + 1n > pods) return rejection('OutOfpods', `Node didn't have enough resource: pods, requested: 1, used: ${others.length}, capacity: ${pods}`);
  const used: Amounts = new Map();
  for (const other of others) for (const [name, amount] of requestsOf(other)) used.set(name, (used.get(name) ?? 0n) + amount);
  for (const [name, amount] of requestsOf(pod)) {
    const text = allocatable[name];
    // A kind of resource that the node never offered is the scheduler's affair.
    if (text === undefined || amount === 0n) continue;
    const capacity = parseQuantity(text).nano;
    const taken = used.get(name) ?? 0n;
    if (taken + amount <= capacity) continue;
    const unit = name === 'cpu' ? 1_000_000n : 1_000_000_000n;
    return rejection(`OutOf${name}`, `Node didn't have enough resource: ${name}, requested: ${amount / unit}, used: ${taken / unit}, capacity: ${capacity / unit}`);
  }
  return undefined;
}

/** Why this node does not take the pod; `others` are the pods that it has taken. */
export function admit(pod: Pod, others: readonly Pod[], node: KubeObject, allocatable: Readonly<Record<string, string>>): Rejection | undefined {
  if (pod.spec.os !== undefined && pod.spec.os.name !== 'linux') return rejection('PodOSNotSupported', `Failed to admit pod as the OS field doesn't match node OS`);
  const sysctl = forbiddenSysctl(pod);
  if (sysctl !== undefined) return rejection('SysctlForbidden', `forbidden sysctl: ${JSON.stringify(sysctl)} not allowlisted`);
  const active = others.filter((other) => !isTerminal(other.status?.phase));
  const lack = shortage(pod, active, allocatable);
  if (lack !== undefined) return lack;
  const labels = node.metadata.labels ?? {};
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value) || (required !== undefined && !selects(required, node)))
    return rejection('NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  const wanted = hostPortsOf(pod);
  if (wanted.length > 0 && active.some((other) => hostPortsOf(other).some((taken) => wanted.some((port) => clash(port, taken)))))
    return rejection('NodePorts', "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
  return undefined;
}
