import { expect, test } from 'vitest';
import { parseSample, usageBetween } from './samples.ts';

const text = (cpu: number, at: number): string => `# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="app",namespace="shop",pod="web"} ${cpu} ${at}
container_memory_working_set_bytes{container="app",namespace="shop",pod="web"} 2097152 ${at}
container_start_time_seconds{container="app",namespace="shop",pod="web"} 100
container_cpu_usage_seconds_total{container="half",namespace="shop",pod="web"} 1 ${at}
node_cpu_usage_seconds_total ${cpu * 2} ${at}
node_memory_working_set_bytes 4194304 ${at}
something_else 7
`;

test('two readings of an agent make the rates of its node and its containers; half of a container is none', () => {
  const [before, now] = [parseSample(text(10, 200_000)), parseSample(text(12, 204_000))];
  expect([...now.pods.get('shop/web')!.keys()]).toEqual(['app']);
  expect(usageBetween(before.node, now.node!)).toEqual({ atMs: 204_000, windowMs: 4_000, nanoCores: 1e9, memoryBytes: 4_194_304 });
  const app = now.pods.get('shop/web')!.get('app')!;
  expect(usageBetween(before.pods.get('shop/web')!.get('app'), app)).toMatchObject({ windowMs: 4_000, nanoCores: 5e8 });
  // a container that was not there, or lived another life then, is measured since its start
  expect(usageBetween(undefined, app)).toMatchObject({ windowMs: 104_000, nanoCores: 115_384_615 });
  expect(usageBetween({ ...app, startedAt: 50, atMs: 150_000 }, app)).toMatchObject({ windowMs: 104_000 });
  expect(usageBetween(undefined, now.node!)).toBeUndefined();
});
