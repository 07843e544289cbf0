/**
 * `metrics.k8s.io`, for `kubectl top` and autoscalers, where no APIService names a server for it. Asks the agents when somebody asks it: a cluster
 * that nobody measures is not measured. A rate needs two readings, so whoever asks first waits a second for the other one.
 */
import type { Pod } from '#kinds/generated/types.ts';
import { matches, parseLabelSelector } from '#machinery/labels.ts';
import type { KubeObject } from '#machinery/object.ts';
import { ApiError, noSuchResource, notFound } from '#machinery/status.ts';
import { timestamp } from '#machinery/time.ts';
import type { Services } from '../server.port.ts';
import { ask, textOf } from '../streams/backend.ts';
import { dialNode } from '../streams/dial.ts';
import { parseBytes } from '../write/body.ts';
import type { Remote } from '../aggregation/remotes.ts';
import { parseSample, type Sample, type Usage, usageBetween } from './samples.ts';

const GROUP = 'metrics.k8s.io';
const VERSION = 'v1beta1';
const ROOT = `/apis/${GROUP}/${VERSION}`;
/** Readings closer together than this make a rate of chance. */
const SHORTEST_MS = 1_000;
/** A pair of readings serves whoever asks within this, as metrics-server's round. */
const FRESH_MS = 15_000;
/** A reading older than this says nothing of now. */
const OLDEST_MS = 120_000;
const AGENT_LIMIT_MS = 10_000;
const PATH = /^(?:\/namespaces\/([^/]+))?\/(nodes|pods)(?:\/([^/]+))?$/;

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/${VERSION}`,
  resources: [
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ],
};

interface LocalAnswer {
  readonly status: number;
  readonly body: object;
}

interface Pair {
  readonly before: Sample | undefined;
  readonly now: Sample;
  readonly atMs: number;
}

async function read(services: Services, node: KubeObject): Promise<Sample> {
  const signal = AbortSignal.timeout(AGENT_LIMIT_MS);
  const connection = await dialNode(services, node, signal);
  try {
    const answer = await ask(connection, { method: 'GET', path: '/metrics/resource', headers: { host: node.metadata.name! }, body: undefined }, signal);
    if (answer.type === 'upgrade' || answer.response.statusCode !== 200) throw new Error(`the agent of ${node.metadata.name} does not tell`);
    return parseSample(await textOf(answer.response, Number.MAX_SAFE_INTEGER));
  } finally {
    connection.destroy();
  }
}

const shown = ({ nanoCores, memoryBytes }: Usage): object => ({ cpu: `${nanoCores}n`, memory: `${Math.ceil(memoryBytes / 1024)}Ki` });
const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)}s`;

function head(kind: string, { metadata: { name, namespace, labels } }: KubeObject, { atMs, windowMs }: Usage, nowMs: number): object {
  return {
    kind,
    apiVersion: `${GROUP}/${VERSION}`,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), creationTimestamp: timestamp(nowMs), ...(labels === undefined ? {} : { labels }) },
    timestamp: timestamp(atMs),
    window: seconds(windowMs),
  };
}

function nodeMetrics(node: KubeObject, pair: Pair, nowMs: number): object | undefined {
  const usage = pair.now.node === undefined ? undefined : usageBetween(pair.before?.node, pair.now.node);
  return usage === undefined ? undefined : { ...head('NodeMetrics', node, usage, nowMs), usage: shown(usage) };
}

function podMetrics(pod: KubeObject, { before, now }: Pair, nowMs: number): object | undefined {
  const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
  const usages = [...(now.pods.get(key) ?? [])].map(([name, reading]) => ({ name, usage: usageBetween(before?.pods.get(key)?.get(name), reading) }));
  const [first] = usages;
  if (first?.usage === undefined || usages.some(({ usage }) => usage === undefined)) return undefined;
  return { ...head('PodMetrics', pod, first.usage, nowMs), containers: usages.map(({ name, usage }) => ({ name, usage: shown(usage!) })) };
}

type ServeMetrics = (services: Services, path: string, query: string) => Promise<LocalAnswer>;

function createResourceMetrics(): ServeMetrics {
  const pairs = new Map<string, Promise<Pair>>();

  async function pairOf(services: Services, node: KubeObject, last: Pair | undefined): Promise<Pair> {
    const { clock } = services;
    const age = last === undefined ? Infinity : clock.now() - last.atMs;
    if (last?.before !== undefined && age < FRESH_MS) return last;
    const before = age < OLDEST_MS ? last!.now : await read(services, node);
    if (age >= OLDEST_MS || age < SHORTEST_MS) await new Promise<void>((resolve) => clock.after(SHORTEST_MS, resolve));
    const now = await read(services, node);
    return { before, now, atMs: clock.now() };
  }
  /** One at a time for each node; a node that does not answer is left out, as by metrics-server. */
  async function measured(services: Services, node: KubeObject): Promise<Pair | undefined> {
    const name = node.metadata.uid!;
    const before = pairs.get(name);
    const next = (before ?? Promise.resolve(undefined)).catch(() => undefined).then((last) => pairOf(services, node, last));
    pairs.set(name, next);
    return next.catch(() => {
      if (pairs.get(name) === next) pairs.delete(name);
      return undefined;
    });
  }

  async function all(services: Services, resource: string, query: { readonly namespace?: string; readonly name?: string }, selector = ''): Promise<readonly KubeObject[]> {
    const labels = parseLabelSelector(selector);
    const { items } = await services.store.list({ resource, version: 'latest', ...query });
    return items.map(({ body }) => parseBytes<KubeObject>(body)).filter(({ metadata }) => matches(labels, metadata.labels));
  }

  async function items(services: Services, kind: string, query: { readonly namespace?: string; readonly name?: string }, selector: string): Promise<readonly object[]> {
    const nowMs = services.clock.now();
    const wanted = await all(services, kind, query, selector);
    const running = kind === 'nodes' ? wanted : wanted.filter((pod) => (pod as Pod).status?.phase === 'Running');
    const on = (pod: KubeObject): string => (pod as Pod).spec?.nodeName ?? '';
    const names = kind === 'nodes' ? undefined : new Set(running.map(on));
    const nodes = kind === 'nodes' ? wanted : (await all(services, 'nodes', {})).filter(({ metadata }) => names!.has(metadata.name!));
    const figures = new Map(await Promise.all(nodes.map(async (node) => [node.metadata.name!, await measured(services, node)] as const)));
    return running.flatMap((object) => {
      const pair = figures.get(kind === 'nodes' ? object.metadata.name! : on(object));
      return pair === undefined ? [] : ((kind === 'nodes' ? nodeMetrics : podMetrics)(object, pair, nowMs) ?? []);
    });
  }

  async function answer(services: Services, path: string, query: string): Promise<LocalAnswer> {
    if (path === ROOT) return { status: 200, body: RESOURCES };
    const [, namespace, resource, name] = (path.startsWith(ROOT) ? PATH.exec(decodeURIComponent(path.slice(ROOT.length))) : null) ?? [];
    if (resource === undefined || (resource === 'nodes' && namespace !== undefined) || (name !== undefined && resource === 'pods' && namespace === undefined))
      throw noSuchResource();
    const parameters = new URLSearchParams(query);
    const field = /^metadata\.name==?([^,]+)$/.exec(parameters.get('fieldSelector') ?? '')?.[1];
    const one = name ?? field;
    const found = await items(
      services,
      resource,
      { ...(namespace === undefined ? {} : { namespace }), ...(one === undefined ? {} : { name: one }) },
      parameters.get('labelSelector') ?? '',
    );
    if (name === undefined)
      return { status: 200, body: { kind: resource === 'nodes' ? 'NodeMetricsList' : 'PodMetricsList', apiVersion: `${GROUP}/${VERSION}`, metadata: {}, items: found } };
    if (found.length === 0) throw notFound({ group: GROUP, resource }, resource === 'pods' ? `${namespace}/${name}` : name);
    return { status: 200, body: found[0]! };
  }

  return async (services, path, query) => {
    try {
      return await answer(services, path, query);
    } catch (error) {
      if (error instanceof ApiError) return { status: error.status.code, body: error.status };
      throw error;
    }
  };
}

/** The place of it among the servers of APIServices; the first that has the group and version serves it. */
export const localMetrics = (): Remote => ({
  name: `${VERSION}.${GROUP}`,
  group: GROUP,
  version: VERSION,
  groupPriority: 100,
  versionPriority: 100,
  available: true,
  backend: { local: createResourceMetrics() },
});
