import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Deployment, HorizontalPodAutoscaler, MetricSpec, Pod } from '#kinds/generated/types.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { AUTOSCALERS, horizontalPodAutoscalerController } from './controller.ts';
import { noMetricsApi } from './custom-metrics.ts';

let world: ApiWorld;
/** By `group/path`; a text is an error. */
let answers: Record<string, readonly object[] | string>;
let asked: string[];
/** Whether a server of these metrics is registered. */
let served: boolean;
beforeEach(async () => {
  answers = {};
  asked = [];
  served = true;
  const controller = horizontalPodAutoscalerController({
    registry: builtInKinds(),
    metrics: (namespace, selector) =>
      Promise.resolve(
        [0, 1, 2, 3].map((index) => ({
          metadata: { name: `web-${index}` },
          timestamp: new Date(world.clock.now()).toISOString(),
          window: '10s',
          containers: [
            { name: 'c', usage: { cpu: '10m' } },
            { name: 'side', usage: { cpu: `${namespace === 'default' && selector === 'app=web' ? 75 : 0}m` } },
          ],
        })),
      ),
    metricsApi(question) {
      if (!served) return noMetricsApi(question);
      const key = `${question.group}/${question.path}`;
      asked.push(key);
      const answer = answers[key] ?? [];
      return typeof answer === 'string' ? Promise.reject(new Error(answer)) : Promise.resolve({ items: answer });
    },
  });
  world = await createApiWorld([controller], { alsoKeep: ['pods'] });
  const labels = { app: 'web' };
  const containers = ['c', 'side'].map((name) => ({ name, image: 'nginx', resources: { requests: { cpu: '50m' } } }));
  await world.client.create<Deployment>('deployments.apps', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 4, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  await world.status('deployments.apps', 'web', { replicas: 4 });
  const started = new Date(world.clock.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  for (let index = 0; index < 4; index++) {
    await world.client.create<Pod>('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: `web-${index}`, namespace: 'default', labels }, spec: { containers } });
    // one of them is not ready
    const conditions = [{ type: 'Ready', status: index === 3 ? 'False' : 'True', lastTransitionTime: started }];
    await world.status('pods', `web-${index}`, { phase: 'Running', startTime: started, conditions });
  }
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

async function autoscaler(...metrics: MetricSpec[]): Promise<void> {
  await world.client.create<HorizontalPodAutoscaler>(AUTOSCALERS, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 20, metrics },
  });
  await world.settle();
}
const size = async (): Promise<number> => (await world.get<Deployment>('deployments.apps', 'web')).spec!.replicas!;
const status = async () => (await world.get<HorizontalPodAutoscaler>(AUTOSCALERS, 'web')).status!;
const active = async () => (await status()).conditions!.find(({ type }) => type === 'ScalingActive')!;
const ofPods = (...values: string[]): object[] =>
  values.map((value, index) => ({ describedObject: { kind: 'Pod', name: `web-${index}` }, timestamp: new Date(world.clock.now()).toISOString(), value }));

const requests: MetricSpec = {
  type: 'Pods',
  pods: { metric: { name: 'requests', selector: { matchLabels: { verb: 'get' } } }, target: { type: 'AverageValue', averageValue: '10' } },
};
const REQUESTS = 'custom.metrics.k8s.io/namespaces/default/pods/*/requests?labelSelector=app%3Dweb&metricLabelSelector=verb%3Dget';
const service = (target: NonNullable<MetricSpec['object']>): MetricSpec => ({ type: 'Object', object: target });
const hits = { metric: { name: 'hits' }, describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' } };
const HITS = 'custom.metrics.k8s.io/namespaces/default/ingresses.networking.k8s.io/main/hits';
const queue = { name: 'queue', selector: { matchLabels: { of: 'mail' } } };
const QUEUE = 'external.metrics.k8s.io/namespaces/default/queue?labelSelector=of%3Dmail';

test('a metric of the pods: their average', async () => {
  answers[REQUESTS] = ofPods('15', '15', '12', '18500m');
  await autoscaler(requests);
  // 15.125 of 10 for each of four
  expect(await size()).toBe(7);
  expect((await status()).currentMetrics).toEqual([{ type: 'Pods', pods: { metric: requests.pods!.metric, current: { averageValue: '15125m' } } }]);
  expect(await world.told()).toEqual(['SuccessfulRescale New size: 7; reason: pods metric requests above target']);
});

test('a metric of another object: its value for the ready pods, or its share for all', async () => {
  answers[HITS] = [{ describedObject: { kind: 'Ingress', name: 'main' }, value: '2k' }];
  await autoscaler(service({ ...hits, target: { type: 'Value', value: '1k' } }));
  // twice too much for three that are ready
  expect(await size()).toBe(6);
  expect((await status()).currentMetrics).toEqual([{ type: 'Object', object: { ...hits, current: { value: '2k' } } }]);
  expect(await world.told()).toEqual(['SuccessfulRescale New size: 6; reason: Ingress metric hits above target']);
  await world.client.patch(AUTOSCALERS, 'default', 'web', {
    type: 'merge',
    body: { spec: { metrics: [service({ ...hits, target: { type: 'AverageValue', averageValue: '250' } })] } },
  });
  await world.settle();
  expect(await size()).toBe(8);
  expect((await status()).currentMetrics![0]!.object!.current).toEqual({ averageValue: '500' });
});

test('a metric of a namespace is asked for at the root', async () => {
  const path = 'custom.metrics.k8s.io/namespaces/other/metrics/hits';
  answers[path] = [{ value: '4' }];
  await autoscaler(service({ metric: { name: 'hits' }, describedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'other' }, target: { type: 'Value', value: '4' } }));
  expect([await size(), asked[0], (await active()).reason]).toEqual([4, path, 'ValidMetricFound']);
});

test('what is outside the cluster: the sum of its series; within the tolerance nothing moves', async () => {
  answers[QUEUE] = [{ value: '30' }, { value: '13' }];
  await autoscaler({ type: 'External', external: { metric: queue, target: { type: 'AverageValue', averageValue: '10' } } });
  expect(await size()).toBe(4);
  expect((await active()).message).toBe(
    'the HPA was able to successfully calculate a replica count from external metric queue(&LabelSelector{MatchLabels:map[string]string{of: mail,},MatchExpressions:[]LabelSelectorRequirement{},})',
  );
  expect((await status()).currentMetrics).toEqual([{ type: 'External', external: { metric: queue, current: { averageValue: '10750m' } } }]);
  answers[QUEUE] = [{ value: '61' }];
  await world.pass(15_000);
  expect(await size()).toBe(7);
});

test('of several metrics the one that asks for most counts; one that is broken forbids only fewer', async () => {
  answers[QUEUE] = 'the queue is unwell';
  answers[REQUESTS] = ofPods('20', '20', '20', '20');
  const external: MetricSpec = { type: 'External', external: { metric: queue, target: { type: 'Value', value: '10' } } };
  await autoscaler(external, requests);
  expect(await size()).toBe(8);
  const text =
    'unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{of: mail,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the queue is unwell';
  expect(await world.told()).toEqual([`FailedGetExternalMetric ${text}`, 'SuccessfulRescale New size: 8; reason: pods metric requests above target']);
  answers[REQUESTS] = ofPods('1', '1', '1', '1');
  await world.pass(400_000);
  expect([await size(), (await active()).message]).toEqual([8, `the HPA was unable to compute the replica count: ${text}`]);
  expect(await world.told()).toContain(
    `FailedComputeMetricsReplicas invalid metrics (1 invalid out of 2), first error is: failed to get queue external metric value: failed to get external metric queue: ${text}`,
  );
});

test.each<[MetricSpec, string, string]>([
  [requests, 'FailedGetPodsMetric', 'unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered'],
  [
    service({ ...hits, target: { type: 'Value', value: '1' } }),
    'FailedGetObjectMetric',
    'unable to get metric hits: Ingress on default main/unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
  ],
  [
    { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } } },
    'FailedGetExternalMetric',
    'unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
  ],
])('without a server of such metrics it says why: %#', async (metric, reason, text) => {
  served = false;
  await autoscaler(metric);
  expect(await active()).toMatchObject({ status: 'False', reason, message: `the HPA was unable to compute the replica count: ${text}` });
  expect((await world.told())[0]).toBe(`${reason} ${text}`);
  expect(await size()).toBe(4);
});

test('a resource of one container alone', async () => {
  await autoscaler({ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'side', target: { type: 'Utilization', averageUtilization: 100 } } });
  // 150 % of what this container asks for; the pod that never was ready is taken for idle
  expect(await size()).toBe(5);
  expect((await status()).currentMetrics).toEqual([
    { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'side', current: { averageUtilization: 150, averageValue: '75m' } } },
  ]);
});
