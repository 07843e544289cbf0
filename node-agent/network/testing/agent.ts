/** Runs the network of one node inside that node's namespace, on orders in JSON lines: `{id, call, args}` to `{id, result | error}`. */
import { createInterface } from 'node:readline';
import { systemClock } from '#machinery/system.ts';
import { openDns } from '../dns/server.ts';
import { openLinuxNetwork, type LinuxNetwork, type LinuxNetworkOptions } from '../linux/network.ts';
import type { PodNetworkRequest } from '../port.ts';
import { openServiceProxy, type ServiceProxy, type ServiceProxyOptions } from '../proxy/proxy.ts';
import type { EndpointSlice, Service } from '../services.ts';

let network: LinuxNetwork | undefined;
let proxy: ServiceProxy | undefined;
const problems: string[] = [];
let services: readonly Service[] = [];
let slices: readonly EndpointSlice[] = [];
const listeners = new Set<() => void>();

const calls: Readonly<Record<string, (...args: never[]) => unknown>> = {
  network: async (options: LinuxNetworkOptions) => {
    network = await openLinuxNetwork(options);
  },
  attach: (request: PodNetworkRequest) => network!.attach(request),
  detach: (podUid: string) => network!.detach(podUid),
  retain: (podUids: readonly string[]) => network!.retain(podUids),
  removeNetwork: () => network!.remove(),
  proxy: (options: Omit<ServiceProxyOptions, 'clock' | 'random'>) => {
    proxy = openServiceProxy({ ...options, clock: systemClock, random: Math.random, log: (message, error) => void problems.push(`${message}: ${String(error)}`) });
  },
  // rules that needed a second attempt are in force as well, and a fault all the same
  apply: async (services: readonly Service[], slices: readonly EndpointSlice[]) => {
    await proxy!.apply(services, slices);
    const failed = problems.filter((problem) => problem.startsWith('service rules could not be changed'));
    if (failed.length > 0) throw new Error(failed.join('\n'));
  },
  removeProxy: () => proxy!.remove(),
  dns: (options: Omit<Parameters<typeof openDns>[0], 'log' | 'source'>) =>
    openDns({
      ...options,
      log: (message, error) => console.error(message, error),
      source: {
        services: () => services,
        slices: () => slices,
        synced: Promise.resolve(),
        subscribe(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
    }).then(() => undefined),
  records: (newServices: readonly Service[], newSlices: readonly EndpointSlice[]) => {
    services = newServices;
    slices = newSlices;
    for (const listener of listeners) listener();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, args } = JSON.parse(line) as { id: number; call: string; args: never[] };
  void (async () => {
    try {
      const begun = performance.now();
      const result = await calls[call]!(...args);
      process.stdout.write(`${JSON.stringify({ id, result, ms: performance.now() - begun })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ id, error: (error as Error).message })}\n`);
    }
  })();
}
process.exit(0);
