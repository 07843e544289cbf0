/** Keeps the node's object: registers it, posts its status when something changed and slowly otherwise, and learns its pod range. */
import type { Clock, Random } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { isConflicting } from '../api/errors.ts';
import { pause } from '../api/pause.ts';
import type { ClusterSource } from '../api/source.ts';
import { messageOf } from '../pods/failure.ts';
import type { ImageState } from '../runtime/port.ts';
import { newNode, nodeConditions, nodeImages, nodeLabels, nodeStatus, type NodeCondition, type NodeFacts, type NodeHealth } from './status.ts';

/** Without a change the status is written this often, only to mend what others may have changed. */
const REFRESH_MS = 300_000;
/** Pressure is looked at this often. */
const CHECK_MS = 10_000;
/** A start takes a second or two; one that hangs is told of after this. */
const START_LIMIT_MS = 20_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 10_000;

export interface NodeKeeperOptions {
  readonly cluster: ClusterSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: NodeFacts;
  health(): NodeHealth;
  images(): Promise<readonly ImageState[]>;
  /** Resolves once the agent has come up. Until then a node that was Ready in its earlier life stays so: its pods go on all the while. */
  readonly started?: Promise<void>;
}

export interface NodeKeeper {
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Look again now. */
  changed(): void;
  /** The node's object as it was last seen. */
  object(): KubeObject;
  /** Resolves once the cluster has given the node its range of pod addresses. */
  readonly podCIDR: Promise<string>;
  /** Resolves once the node is registered. */
  readonly registered: Promise<void>;
}

const wasReady = (node: KubeObject): boolean =>
  ((node['status'] as { conditions?: readonly NodeCondition[] } | undefined)?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

export function createNodeKeeper(options: NodeKeeperOptions): NodeKeeper {
  const { cluster, clock, random, facts } = options;
  const { nodeName } = facts;
  let node: KubeObject = newNode(facts, {});
  let posted: { readonly text: string; readonly at: number } | undefined;
  let hurry = new AbortController();
  const range = Promise.withResolvers<string>();
  const registration = Promise.withResolvers<void>();

  function seen(object: KubeObject): void {
    node = object;
    const cidr = (object['spec'] as { podCIDR?: string } | undefined)?.podCIDR;
    if (cidr !== undefined && cidr !== '') range.resolve(cidr);
  }

  const now = (): string => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const conditions = (): readonly NodeCondition[] => nodeConditions(options.health(), (node['status'] as { conditions?: NodeCondition[] } | undefined)?.conditions ?? [], now());

  async function register(): Promise<void> {
    const known = await cluster.getNode(nodeName);
    if (known === undefined) {
      try {
        seen(await cluster.createNode(newNode(facts, { ...nodeStatus(facts), conditions: conditions() })));
        return;
      } catch (error) {
        if (!isConflicting(error)) throw error;
      }
    }
    // Here from an earlier life: what is the agent's to say is said again, the rest (taints, range) is left as it is.
    seen(await cluster.patchNode(nodeName, { metadata: { labels: nodeLabels(facts), annotations: facts.config.annotations ?? {} } }));
  }

  async function post(images: readonly object[]): Promise<void> {
    const current = conditions();
    const status = { ...nodeStatus(facts), images };
    const text = JSON.stringify([status, current.map(({ lastHeartbeatTime: _beat, ...rest }) => rest)]);
    if (posted?.text === text && clock.now() - posted.at < REFRESH_MS) return;
    seen(await cluster.patchNode(nodeName, { status: { ...status, conditions: current } }, 'status'));
    posted = { text, at: clock.now() };
  }

  async function retried(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        return await work();
      } catch (error) {
        console.warn(`node ${nodeName}: ${messageOf(error)}`);
        await pause(clock, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++) * (0.5 + random() / 2), signal);
      }
    }
  }

  return {
    podCIDR: range.promise,
    registered: registration.promise,
    object: () => node,
    changed: () => hurry.abort(),
    async run(signal) {
      await retried(register, signal);
      registration.resolve();
      const stop = cluster.node(nodeName).listen({
        changed(object, before) {
          if ((object ?? before)?.metadata.name !== nodeName) return;
          if (object === undefined) {
            // Somebody deleted it: a node that lives registers again.
            posted = undefined;
            void retried(register, signal).then(() => hurry.abort());
          } else seen(object);
        },
      });
      if (options.started !== undefined && wasReady(node)) await Promise.race([options.started, pause(clock, START_LIMIT_MS, signal)]);
      let images: readonly object[] = [];
      let imagesAt = -Infinity;
      while (!signal.aborted) {
        hurry = new AbortController();
        if (clock.now() - imagesAt > REFRESH_MS) {
          images = await options.images().then(nodeImages, () => images);
          imagesAt = clock.now();
        }
        await retried(() => post(images), signal);
        await pause(clock, CHECK_MS, AbortSignal.any([signal, hurry.signal]));
      }
      stop();
    },
  };
}
