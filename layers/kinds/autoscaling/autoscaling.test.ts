import { describe, expect, test } from 'vitest';
import type { AutoscalingV1HorizontalPodAutoscaler, HorizontalPodAutoscaler, MetricSpec } from '#kinds/generated/types.ts';
import { cells, created, kindOf, problems, updated } from '../testing/kinds.ts';

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const of = (spec: object, status?: HorizontalPodAutoscaler['status']): HorizontalPodAutoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: {},
  spec: { scaleTargetRef, maxReplicas: 5, ...spec },
  ...(status === undefined ? {} : { status }),
});
const cpu = (averageUtilization: number): MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } });
const queue: MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } } };

describe('an autoscaler', () => {
  test('defaults', () => {
    expect(created(of({})).spec).toEqual({ scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics: [cpu(80)] });
    expect(created(of({ behavior: { scaleDown: { stabilizationWindowSeconds: 10 } } })).spec?.behavior).toEqual({
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policies: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      },
      scaleDown: { stabilizationWindowSeconds: 10, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
    });
  });
  test.each<[object, string[]]>([
    [{}, []],
    [{ maxReplicas: 0 }, ['spec.maxReplicas: Required: must be set and greater than 0', 'spec.maxReplicas: Invalid: must be greater than or equal to `minReplicas`']],
    [
      { minReplicas: 0 },
      [
        'spec.minReplicas: Invalid: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [{ minReplicas: 6 }, ['spec.maxReplicas: Invalid: must be greater than or equal to `minReplicas`']],
    [{ scaleTargetRef: { kind: 'Deployment' } }, ['spec.scaleTargetRef.name: Required', 'spec.scaleTargetRef.apiVersion: Invalid: apiVersion must specify API group']],
    [{ scaleTargetRef: { kind: 'ReplicationController', name: 'web', apiVersion: 'v1' } }, []],
    [{ metrics: [{ type: 'Resource' }] }, ['spec.metrics[0].resource: Required: must populate information for the given metric source']],
    [{ metrics: [{ ...cpu(0) }] }, ['spec.metrics[0].resource.target.averageUtilization: Invalid: must be greater than 0']],
    [{ metrics: [{ ...cpu(5), external: queue.external }] }, ['spec.metrics[0].external: Forbidden: must populate the given metric source only']],
    [
      { metrics: [{ type: 'Magic' }] },
      Array.from({ length: 1 }, () => 'spec.metrics[0].type: NotSupported: supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'),
    ],
    [
      { metrics: [{ type: 'Pods', pods: { metric: { name: 'a/b' }, target: { type: 'Value' } } }] },
      ["spec.metrics[0].pods.metric.name: Invalid: may not contain '/'", 'spec.metrics[0].pods.target.averageValue: Required: must specify a positive target averageValue'],
    ],
    [
      { behavior: { scaleUp: { selectPolicy: 'Fast', stabilizationWindowSeconds: 3601, policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] } } },
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: NotSupported: supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies[0].value: Invalid: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid: must be less than or equal to 1800',
      ],
    ],
  ])('%o', (spec, expected) => expect(problems(of(spec))).toEqual(expected));

  test('a target without a version may stay so', () => {
    const old = { scaleTargetRef: { kind: 'Deployment', name: 'web' } };
    expect(updated(of(old), of({ ...old, maxReplicas: 7 })).problems).toEqual([]);
  });

  test('table', () => {
    expect(cells(of({ metrics: [cpu(50), queue, queue] }))).toEqual(['Deployment/web', 'cpu: <unknown>/50%, <unknown>/10 (avg) + 1 more...', '1', 5, 0, '10m']);
  });
});

describe('the same in autoscaling/v1', () => {
  const v1 = kindOf({ apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler' }).convert!;
  const full = of(
    { minReplicas: 1, metrics: [queue, cpu(50)], behavior: { scaleDown: { policies: [{ type: 'Percent', value: 10, periodSeconds: 15 }] } } },
    {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '40m' } } }],
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'A', message: 'b', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  );
  test('keeps in annotations what it has no fields for', () => {
    const served = v1.toServed(full) as AutoscalingV1HorizontalPodAutoscaler;
    expect(served).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
      status: { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 40 },
    });
    const annotations = served.metadata.annotations!;
    expect(JSON.parse(annotations['autoscaling.alpha.kubernetes.io/metrics']!)).toEqual([{ type: 'External', external: { metricName: 'queue', targetAverageValue: '10' } }]);
    expect(JSON.parse(annotations['autoscaling.alpha.kubernetes.io/behavior']!)).toEqual({ ScaleDown: { Policies: [{ Type: 'Percent', Value: 10, PeriodSeconds: 15 }] } });
    expect(v1.toStored(served)).toEqual({ ...full, metadata: { annotations: {} } });
  });
  test('a cpu target is a metric', () => {
    const served = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: {}, spec: { scaleTargetRef, maxReplicas: 5 } };
    expect(v1.toStored(served)).toEqual(of({ metrics: [cpu(80)] }));
    expect(problems({ ...served, spec: { scaleTargetRef, maxReplicas: -1 } })).toContain('spec.maxReplicas: Invalid: must be greater than or equal to 1');
  });
});
