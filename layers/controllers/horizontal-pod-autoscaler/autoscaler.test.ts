import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Deployment, HorizontalPodAutoscaler, Pod } from '#kinds/generated/types.ts';
import { builtInKinds } from '#kinds/registry.ts';
import { type ApiWorld, createApiWorld } from '../testing/world.ts';
import { AUTOSCALERS, horizontalPodAutoscalerController } from './controller.ts';
import { type PodMetrics, noMetrics } from './metrics.ts';

let world: ApiWorld;
/** CPU in millicores of each pod of a target; undefined: there is no metrics API. */
let cpu: readonly number[] | undefined;
beforeEach(async () => {
  cpu = undefined;
  const metrics = (namespace: string, selector: string): Promise<readonly PodMetrics[]> =>
    cpu === undefined
      ? noMetrics(namespace, selector)
      : Promise.resolve(
          cpu.map((used, index) => ({
            metadata: { name: `web-${index}` },
            timestamp: new Date(world.clock.now()).toISOString(),
            window: '10.5s',
            containers: [{ name: 'c', usage: { cpu: `${used}m` } }],
          })),
        );
  world = await createApiWorld([horizontalPodAutoscalerController({ registry: builtInKinds(), metrics })], { alsoKeep: ['pods'] });
});
afterEach(async () => {
  expect(world.errors).toEqual([]);
  await world.stop();
});

const labels = { app: 'web' };
const containers = [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } }];

async function deployment(replicas: number): Promise<void> {
  await world.client.create<Deployment>('deployments.apps', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  const started = new Date(world.clock.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  for (let index = 0; index < replicas; index++) {
    await world.client.create<Pod>('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: `web-${index}`, namespace: 'default', labels }, spec: { containers } });
    await world.status('pods', `web-${index}`, { phase: 'Running', startTime: started, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: started }] });
  }
}
async function autoscaler(spec: Partial<HorizontalPodAutoscaler['spec']> = {}, name = 'web'): Promise<void> {
  await world.client.create<HorizontalPodAutoscaler>(AUTOSCALERS, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 10,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
      ...spec,
    },
  });
  await world.settle();
}
const status = async (name = 'web') => (await world.get<HorizontalPodAutoscaler>(AUTOSCALERS, name)).status!;
const conditions = async (name = 'web') => ((await status(name)).conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
const size = async (): Promise<number> => (await world.get<Deployment>('deployments.apps', 'web')).spec!.replicas!;
const round = async (): Promise<void> => world.pass(15_000);

test('without a metrics API nothing moves, and it says why as Kubernetes does', async () => {
  await deployment(2);
  await autoscaler();
  expect(await conditions()).toEqual(['AbleToScale=True SucceededGetScale', 'ScalingActive=False FailedGetResourceMetric']);
  const text =
    'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
  const { conditions: list, currentReplicas, desiredReplicas, currentMetrics } = await status();
  expect(list![1]!.message).toBe(`the HPA was unable to compute the replica count: ${text}`);
  expect([currentReplicas, desiredReplicas, currentMetrics]).toEqual([2, 0, [{ type: '' }]]);
  expect(await world.told()).toEqual([
    `FailedGetResourceMetric ${text}`,
    `FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${text}`,
  ]);
});

test('the size is brought within its limits even without metrics', async () => {
  await deployment(2);
  await autoscaler({ minReplicas: 4 });
  expect(await size()).toBe(4);
  expect(await conditions()).toEqual(['AbleToScale=True SucceededRescale']);
  expect(await status()).toMatchObject({ currentReplicas: 2, desiredReplicas: 4, lastScaleTime: expect.any(String) });
  await world.client.patch(AUTOSCALERS, 'default', 'web', { type: 'merge', body: { spec: { minReplicas: 1, maxReplicas: 3 } } });
  await world.settle();
  expect(await size()).toBe(3);
  expect(await world.told()).toEqual([
    'SuccessfulRescale New size: 4; reason: Current number of replicas below Spec.MinReplicas',
    'SuccessfulRescale New size: 3; reason: Current number of replicas above Spec.MaxReplicas',
  ]);
});

test('a target of size zero is left alone; one that is not there is told', async () => {
  await deployment(0);
  await autoscaler();
  expect(await conditions()).toEqual(['AbleToScale=True SucceededGetScale', 'ScalingActive=False ScalingDisabled']);
  await autoscaler({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nobody' } }, 'lost');
  expect((await status('lost')).conditions![0]).toMatchObject({
    reason: 'FailedGetScale',
    message: 'the HPA controller was unable to get the target\'s current scale: deployments.apps "nobody" not found',
  });
});

test('busy pods get company, at most twice as many at once; idle ones go only when that has lasted', async () => {
  await deployment(2);
  cpu = [100, 300];
  await autoscaler();
  // 200 % of what is asked for, where 50 % is wanted: 8, of which 4 at once
  expect(await size()).toBe(4);
  expect(await conditions()).toEqual(['AbleToScale=True SucceededRescale', 'ScalingActive=True ValidMetricFound', 'ScalingLimited=True ScaleUpLimit']);
  expect((await status()).currentMetrics).toEqual([{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 200, averageValue: '200m' } } }]);
  expect(await world.told()).toEqual(['SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target']);
  cpu = [25, 25];
  await round();
  expect(await size()).toBe(8);
  expect(await conditions()).toContain('ScalingLimited=False DesiredWithinRange');
  await world.pass(330_000);
  expect(await size()).toBe(1);
});

test('within the tolerance nothing changes; pods that do not tell count as idle upwards and as busy downwards', async () => {
  await deployment(3);
  cpu = [54, 54, 54];
  await autoscaler();
  expect(await size()).toBe(3);
  cpu = [60];
  await round();
  expect(await size()).toBe(3);
  cpu = [10];
  await round();
  expect(await size()).toBe(3);
});

test('its own rules set the pace', async () => {
  await deployment(4);
  cpu = [100, 100, 100, 100];
  await autoscaler({ behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] }, scaleDown: { selectPolicy: 'Disabled' } } });
  expect(await size()).toBe(5);
  expect(await conditions()).toContain('ScalingLimited=True ScaleUpLimit');
  await round();
  expect(await size()).toBe(5);
  await world.pass(60_000);
  expect(await size()).toBe(6);
  cpu = [0, 0, 0, 0];
  await world.pass(600_000);
  expect(await size()).toBe(6);
});

test('two autoscalers over the same pods: neither moves them', async () => {
  await deployment(1);
  cpu = [500];
  await autoscaler({ maxReplicas: 1 });
  await autoscaler({ maxReplicas: 1 }, 'other');
  expect(await conditions('other')).toContain('ScalingActive=False AmbiguousSelector');
});
