/** Requests and limits as the kernel wants them, and as the downward API shows them. */
import { parseQuantity, value, milliValue, type Quantity } from '#machinery/quantity.ts';
import type { ContainerSpec } from '../runtime/port.ts';
import type { Container, Pod, Resources } from './pod.ts';

const PERIOD_US = 100_000;
const SHARES_PER_CORE = 1024n;
const LEAST_SHARES = 2;
/** The kernel refuses less than a millisecond. */
const LEAST_QUOTA_US = 1_000;

export interface Allocatable {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

const quantity = (resources: Resources | undefined, kind: 'limits' | 'requests', name: string): Quantity | undefined => {
  const text = resources?.[kind]?.[name];
  return text === undefined ? undefined : parseQuantity(String(text));
};

export type Qos = 'Guaranteed' | 'Burstable' | 'BestEffort';

export function qosOf(pod: Pod): Qos {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass as Qos;
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const asks = all.some((container) => ['cpu', 'memory'].some((name) => quantity(container.resources, 'requests', name) ?? quantity(container.resources, 'limits', name)));
  if (!asks) return 'BestEffort';
  const exact = all.every((container) =>
    ['cpu', 'memory'].every((name) => {
      const limit = quantity(container.resources, 'limits', name);
      const request = quantity(container.resources, 'requests', name);
      return limit !== undefined && (request === undefined || request.nano === limit.nano);
    }),
  );
  return exact ? 'Guaranteed' : 'Burstable';
}

/** Whom the kernel kills first: 1000 for best effort, -997 for guaranteed, and between them the more the less memory was asked for. */
export function oomScore(pod: Pod, resources: Resources | undefined, memoryCapacity: number): number {
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const asked = Number(value(quantity(resources, 'requests', 'memory') ?? quantity(resources, 'limits', 'memory') ?? { nano: 0n, format: 'BinarySI' }));
  const score = 1000 - Math.floor((1000 * asked) / Math.max(1, memoryCapacity));
  return Math.min(999, Math.max(3, score));
}

export function kernelResources(pod: Pod, resources: Resources | undefined, memoryCapacity: number): ContainerSpec['resources'] {
  const cpuRequest = quantity(resources, 'requests', 'cpu') ?? quantity(resources, 'limits', 'cpu');
  const cpuLimit = quantity(resources, 'limits', 'cpu');
  const memory = quantity(resources, 'limits', 'memory');
  const millis = cpuRequest === undefined ? 0n : milliValue(cpuRequest);
  return {
    cpuShares: Math.max(LEAST_SHARES, Number((millis * SHARES_PER_CORE) / 1000n)),
    oomScoreAdj: oomScore(pod, resources, memoryCapacity),
    ...(cpuLimit === undefined || cpuLimit.nano === 0n
      ? {}
      : { cpuPeriod: PERIOD_US, cpuQuota: Math.max(LEAST_QUOTA_US, Number((milliValue(cpuLimit) * BigInt(PERIOD_US)) / 1000n)) }),
    ...(memory === undefined || memory.nano === 0n ? {} : { memoryBytes: Number(value(memory)) }),
  };
}

const NANO = 1_000_000_000n;

/** The value of a resourceFieldRef: divided and rounded up; a limit that is not set is what the node has. */
export function resourceField(container: Container, resource: string, divisorText: string | undefined, node: Allocatable): string {
  const [kind, ...rest] = resource.split('.');
  const name = rest.join('.');
  if (kind !== 'limits' && kind !== 'requests') throw new Error(`unsupported container resource: ${resource}`);
  let found = quantity(container.resources, kind, name);
  if (found === undefined || (found.nano === 0n && kind === 'limits')) {
    if (name === 'cpu' && kind === 'limits') found = { nano: BigInt(node.cpuMillis) * 1_000_000n, format: 'DecimalSI' };
    else if (name === 'memory' && kind === 'limits') found = { nano: BigInt(node.memoryBytes) * NANO, format: 'BinarySI' };
    else found ??= { nano: 0n, format: 'DecimalSI' };
  }
  const divisor = divisorText === undefined || divisorText === '' || divisorText === '0' ? { nano: NANO } : parseQuantity(divisorText);
  return String((found.nano + divisor.nano - 1n) / divisor.nano);
}
