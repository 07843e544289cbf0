/** Keeps the node's firewall in step with the cluster's services: the work of kube-proxy, on the namespace this process runs in. */
import type { Clock, Random } from '#machinery/clock.ts';
import { runCommand, type Run } from '../run.ts';
import type { EndpointSlice, Service, ServiceSource } from '../services.ts';
import { forgetText, recallText, rememberedClients } from './affinity.ts';
import { EMPTY, plan, type RuleState } from './changes.ts';
import { desiredState, type Desired, type DesiredOptions } from './destinations.ts';
import { forgetFlows } from './flows.ts';
import { openHealthChecks } from './health-checks.ts';
import { baseRules, chainText, COMMON_CHAINS, TABLE } from './rules.ts';

export interface ServiceProxyOptions extends DesiredOptions {
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly run?: Run;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (message: string, error?: unknown) => void;
}

export interface ServiceProxy {
  /** Resolves once these, or newer ones, are in force. Calls during a transaction are taken together. */
  apply(services: readonly Service[], slices: readonly EndpointSlice[]): Promise<void>;
  /** Applies the source's picture now and whenever it changes, from its first complete one on. The answer ends it. */
  follow(source: ServiceSource): () => void;
  /** Ends; the rules stay in force. */
  close(): void;
  /** Ends and takes the rules away. */
  remove(): Promise<void>;
}

/** After a failure: the table is another's (a firewall was reloaded) or the kernel is short of memory. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** A thousand services load in a tenth of a second; many more, on a loaded machine, take longer than other commands. */
const LOAD_MS = 60_000;
/** A burst of changes (a rollout) within this becomes one transaction. */
const GATHER_MS = 5;

export function openServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const run = options.run ?? runCommand;
  const desired = desiredState(options);
  const checks = openHealthChecks({ address: options.nodeIP, ...(options.log === undefined ? {} : { log: options.log }) });
  let state: RuleState = EMPTY;
  /** The table holds what `state` says. Not so at start, when an earlier agent's rules stay in force until ours are complete. */
  let loaded = false;
  let wanted: { readonly services: readonly Service[]; readonly slices: readonly EndpointSlice[]; readonly done: PromiseWithResolvers<void> } | undefined;
  let busy = false;
  let closed = false;
  let cancelRetry: () => void = () => undefined;
  let noConntrack = false;

  const nft = (text: string): Promise<string> => run('nft', ['-f', '-'], { input: text, timeoutMs: LOAD_MS });

  async function load({ destinations }: Desired): Promise<void> {
    const { text: needed, next: planned } = plan(EMPTY, destinations, options.clusterCIDR);
    const ready = COMMON_CHAINS.filter((name) => !planned.chains.has(name));
    const text = ready.map((name) => chainText(name, options.clusterCIDR)).join('') + needed;
    const next: RuleState = { ...planned, chains: new Set([...planned.chains, ...ready]) };
    const clients = await rememberedClients(run);
    await nft(baseRules(options) + text + recallText(clients, next));
    const before = state;
    state = next;
    loaded = true;
    // Whatever went on while no agent ran, or while the rules could not be changed.
    await forget(new Set([...before.current.values(), ...next.current.values()].filter(({ placed }) => placed.protocol === 'udp').map(({ placed }) => placed.key)));
  }

  async function change({ destinations }: Desired): Promise<void> {
    const { text, stale, forgetful, next } = plan(state, destinations, options.clusterCIDR);
    // nft up to 1.0.6 takes the rule of a new chain only in the transaction that makes its maps ("conflicting protocols specified")
    if (next.chains.size > state.chains.size) return load({ destinations, healthChecks: [] });
    if (text === '') {
      state = next;
      return;
    }
    await nft(text);
    state = next;
    if (forgetful.size > 0) {
      const forget = forgetText(await rememberedClients(run), state, forgetful);
      if (forget !== '') await nft(forget);
    }
    await forget(stale);
  }

  async function forget(stale: ReadonlySet<string>): Promise<void> {
    if (noConntrack) return;
    await forgetFlows(run, stale, state, () => {
      noConntrack = true;
      options.log?.('conntrack is not installed: datagrams of running clients reach endpoints that are gone until their flow is quiet for half a minute');
    });
  }

  const isClosed = (): boolean => closed;

  async function work(): Promise<void> {
    if (busy || closed) return;
    busy = true;
    let failures = 0;
    for (let job = wanted; job !== undefined && !isClosed(); job = wanted) {
      const { services, slices, done } = job;
      wanted = undefined;
      try {
        const next = desired(services, slices);
        await (loaded ? change(next) : load(next));
        checks.apply(next.healthChecks);
        failures = 0;
        done.resolve();
      } catch (error) {
        options.log?.('service rules could not be changed', error);
        // From scratch at once, should the table be gone; then with growing pauses.
        const again = loaded ? 0 : Math.min(RETRY_MS * 2 ** failures++, RETRY_MAX_MS) * (0.5 + options.random() / 2);
        loaded = false;
        wanted = merge(wanted ?? { services, slices, done: Promise.withResolvers<void>() }, done);
        if (again > 0)
          await new Promise<void>((resolve) => {
            const cancel = options.clock.after(again, resolve);
            cancelRetry = () => {
              cancel();
              resolve();
            };
          });
      }
    }
    busy = false;
  }

  type Wanted = NonNullable<typeof wanted>;
  /** Who waited for the older picture is served by the newer one. */
  function merge(newer: Wanted, older: PromiseWithResolvers<void>): Wanted {
    if (newer.done !== older) newer.done.promise.then(older.resolve, older.reject);
    return newer;
  }

  function apply(services: readonly Service[], slices: readonly EndpointSlice[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    const older = wanted?.done;
    wanted = { services, slices, done };
    if (older !== undefined) merge(wanted, older);
    void work();
    return done.promise;
  }

  function close(): void {
    closed = true;
    cancelRetry();
    checks.close();
  }

  return {
    apply,
    follow(source) {
      let scheduled: (() => void) | undefined;
      let ended = false;
      const changed = (): void => {
        if (ended || scheduled !== undefined) return;
        scheduled = options.clock.after(GATHER_MS, () => {
          scheduled = undefined;
          apply(source.services(), source.slices()).catch(() => undefined);
        });
      };
      let unsubscribe: () => void = () => undefined;
      const begin = async (): Promise<void> => {
        await source.synced;
        if (ended) return;
        unsubscribe = source.subscribe(changed);
        changed();
      };
      begin().catch((error: unknown) => options.log?.('services are not known', error));
      return () => {
        ended = true;
        scheduled?.();
        unsubscribe();
      };
    },
    close,
    async remove() {
      close();
      await nft(`table ip ${TABLE}\ndelete table ip ${TABLE}\n`);
    },
  };
}
