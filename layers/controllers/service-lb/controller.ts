/**
 * Services of type LoadBalancer: a load balancer for each, its address in the status, and a finalizer that keeps the Service until its balancer is
 * gone. Kubernetes' service controller of a cloud provider.
 */
import { BadAnnotation, balancerName, balancerSpec, PREFIX, unknownAnnotations } from '#cloud/load-balancers/annotations.ts';
import { type Ensured, LoadBalancerProblem, type LoadBalancers, type Target } from '#cloud/load-balancers/port.ts';
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Node, Service } from '#kinds/generated/types.ts';
import { isNotFound } from '#machinery/status.ts';
import { sameJson, splitKey } from '../shared/keys.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** The cluster-autoscaler's mark of a node that is on its way out. */
const LEAVING = 'ToBeDeletedByClusterAutoscaler';
/** Classes that are ours; others belong to somebody else's controller. */
const CLASSES: ReadonlySet<string> = new Set(['service.k8s.aws/nlb']);
/** After a failure: doubled each time, as the service controller does. Seconds. */
const RETRY = { first: 5, last: 300 };

export interface ServiceLbOptions {
  readonly balancers: LoadBalancers;
  readonly cluster: string;
}

const isOurs = ({ spec }: Service): boolean => spec?.loadBalancerClass === undefined || CLASSES.has(spec.loadBalancerClass);
const wantsBalancer = (service: Service): boolean => service.spec?.type === 'LoadBalancer' && service.metadata.deletionTimestamp === undefined && isOurs(service);
const isFinal = ({ metadata }: Service): boolean => metadata.finalizers?.includes(FINALIZER) === true;
const instanceOf = (node: Node): string | undefined => /^aws:\/\/\/[^/]*\/(i-[0-9a-f]+)$/.exec(node.spec?.providerID ?? '')?.[1];
const addressOf = (node: Node): string | undefined => node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;

function eligible(node: Node): boolean {
  return node.metadata.labels?.[EXCLUDED] === undefined && node.metadata.deletionTimestamp === undefined && node.spec?.taints?.some(({ key }) => key === LEAVING) !== true;
}

function targetOf(node: Node): Target {
  const instanceId = instanceOf(node);
  const address = addressOf(node);
  return { node: node.metadata.name!, ...(instanceId === undefined ? {} : { instanceId }), ...(address === undefined ? {} : { address }) };
}

/** What of a node a balancer sees. */
const seenOf = (node: Node | undefined): Target | undefined => (node === undefined || !eligible(node) ? undefined : targetOf(node));

export function serviceLbController({ balancers, cluster }: ServiceLbOptions): Controller {
  /** Failures in a row, by key. Losing it only makes the next try come sooner. */
  const failures = new Map<Key, number>();

  async function setFinalizer(service: Service, present: boolean, { client }: ControllerContext): Promise<void> {
    const others = (service.metadata.finalizers ?? []).filter((one) => one !== FINALIZER);
    const finalizers = present ? [...others, FINALIZER] : others;
    const body = { metadata: { resourceVersion: service.metadata.resourceVersion, finalizers: finalizers.length === 0 ? null : finalizers } };
    await client.patch('services', service.metadata.namespace!, service.metadata.name!, { type: 'merge', body });
  }

  async function setStatus(service: Service, ingress: Ensured['ingress'], { client }: ControllerContext): Promise<void> {
    // what the API server adds to an address is no difference
    const known = (service.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ({
      ...(hostname === undefined ? {} : { hostname }),
      ...(ip === undefined ? {} : { ip }),
    }));
    if (sameJson(known, ingress)) return;
    await client.patch(
      'services',
      service.metadata.namespace!,
      service.metadata.name!,
      { type: 'merge', body: { status: { loadBalancer: ingress.length === 0 ? { ingress: null } : { ingress } } } },
      'status',
    );
  }

  async function remove(service: Service, context: ControllerContext): Promise<void> {
    const name = service.metadata.annotations?.[`${PREFIX}name`] ?? balancerName(service, cluster);
    context.event(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    await balancers.remove(name);
    context.event(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
    try {
      if (service.metadata.deletionTimestamp === undefined) await setStatus(service, [], context);
      const current = await context.client.get<Service>('services', service.metadata.namespace!, service.metadata.name!);
      await setFinalizer(current, false, context);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function ensure(service: Service, context: ControllerContext): Promise<void> {
    const { cache, event } = context;
    const targets = cache
      .list<Node>('nodes')
      .filter(eligible)
      .map(targetOf)
      .sort((a, b) => (a.node < b.node ? -1 : 1));
    const spec = balancerSpec(service, cluster, targets);
    const begins = !isFinal(service);
    // before anything is made: what is made is found again and removed
    if (begins) await setFinalizer(service, true, context);
    if (begins) event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
    if (targets.length === 0) event(service, 'Warning', 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer');
    for (const name of begins ? unknownAnnotations(service) : []) event(service, 'Warning', 'UnsupportedAnnotation', `${name} means nothing here`);
    const { ingress, changed } = await balancers.ensure(spec);
    await setStatus(service, ingress, context);
    const first = (service.status?.loadBalancer?.ingress ?? []).length === 0;
    if (first && ingress.length > 0) event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
    else if (changed) event(service, 'Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts');
  }

  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    const { namespace, name } = splitKey(key);
    const service = context.cache.get<Service>('services', namespace, name);
    if (service === undefined) {
      failures.delete(key);
      return {};
    }
    try {
      if (wantsBalancer(service)) await ensure(service, context);
      else if (isFinal(service)) await remove(service, context);
      failures.delete(key);
      return {};
    } catch (error) {
      if (error instanceof BadAnnotation) {
        context.event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${error.message}`);
        return {};
      }
      if (!(error instanceof LoadBalancerProblem)) throw error;
      const doing = wantsBalancer(service) ? 'ensure' : 'delete';
      context.event(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: failed to ${doing} load balancer: ${error.message}`);
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      return { requeueAfterSeconds: Math.min(RETRY.last, RETRY.first * 2 ** count) };
    }
  }

  const ofService = ({ old, now }: Mapped): readonly Key[] => {
    const [before, service] = [old as Service | undefined, now as Service | undefined];
    const concerned = (one: Service | undefined): boolean => one !== undefined && (one.spec?.type === 'LoadBalancer' || isFinal(one));
    return concerned(service) || concerned(before) ? [keyOf((service ?? before)!)] : [];
  };
  /** A node that comes, goes or moves concerns every balancer. */
  const ofNode = ({ old, now }: Mapped, cache: ControllerContext['cache']): readonly Key[] =>
    sameJson(seenOf(old as Node | undefined), seenOf(now as Node | undefined)) ? [] : cache.list<Service>('services').filter(wantsBalancer).map(keyOf);

  return {
    name: 'service-lb-controller',
    watches: [
      { resource: 'services', keys: ofService },
      { resource: 'nodes', keys: ofNode },
    ],
    concurrency: 5,
    reconcile,
  };
}
