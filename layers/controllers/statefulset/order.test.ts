/** Whatever happens to its pods, an ordered stateful set goes one step at a time, and comes to its end when they become ready. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { running } from '#control/testing/objects.ts';
import { createWorld } from '#control/testing/world.ts';
import type { Pod, StatefulSet } from '#kinds/generated/types.ts';
import { isReady } from '../shared/pods.ts';
import { statefulSetController } from './controller.ts';

const ACTS = ['ready', 'ready', 'ready', 'break', 'fail', 'delete', 'image', 'scale', 'partition'] as const;
const acts = fc.array(fc.record({ do: fc.constantFrom(...ACTS), pick: fc.nat(20) }), { maxLength: 14 });

const statefulSet = (replicas: number): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'db:0' }] } },
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    revisionHistoryLimit: 2,
  },
});

test('no pod is made while one below it is not ready, and at the end all are of one revision', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), acts, async (first, steps) => {
      const world = await createWorld({ controllers: [statefulSetController()], objects: [['statefulsets.apps', statefulSet(first)]] });
      const pods = (): Promise<readonly Pod[]> => world.all<Pod>('pods');
      const ordinal = ({ metadata }: Pod): number => Number(metadata.name!.slice(3));
      const early: string[] = [];
      const stop = world.cache.subscribe((resource, changes) => {
        if (resource !== 'pods') return;
        for (const { old, now } of changes as readonly { old?: Pod; now?: Pod }[]) {
          if (old !== undefined || now === undefined) continue;
          for (let below = 0; below < ordinal(now); below++) {
            const lower = world.cache.get<Pod>('pods', 'default', `db-${String(below)}`);
            if (lower === undefined || !isReady(lower)) early.push(`${now.metadata.name!} before ${String(below)}`);
          }
        }
      });
      try {
        const setStatus = async (pod: Pod | undefined, status: NonNullable<Pod['status']>): Promise<void> => {
          if (pod !== undefined) await world.client.patch('pods', 'default', pod.metadata.name!, { type: 'merge', body: { status } }, 'status');
          await world.settle();
        };
        const change = async (spec: object): Promise<void> => {
          await world.client.patch('statefulsets.apps', 'default', 'db', { type: 'merge', body: { spec } });
          await world.settle();
        };
        let [image, replicas] = [0, first];
        for (const { do: act, pick } of steps) {
          const all = await pods();
          const one = all[pick % Math.max(1, all.length)];
          if (act === 'ready')
            await setStatus(
              all.find((pod) => !isReady(pod)),
              running('10.0.0.1'),
            );
          else if (act === 'break') await setStatus(one, running('10.0.0.1', false));
          else if (act === 'fail') await setStatus(one, { phase: 'Failed', conditions: [] });
          else if (act === 'image') await change({ template: { spec: { containers: [{ name: 'c', image: `db:${String(++image)}` }] } } });
          else if (act === 'scale') await change({ replicas: (replicas = pick % 5) });
          else if (act === 'partition') await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: pick % 4 } } });
          else if (one !== undefined) {
            await world.client.delete('pods', 'default', one.metadata.name!);
            await world.settle();
          }
        }
        await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
        for (let i = 0; i < 40; i++)
          await setStatus(
            (await pods()).find((pod) => !isReady(pod)),
            running('10.0.0.1'),
          );
        expect((await pods()).map(({ metadata, spec }) => `${metadata.name!} ${spec!.containers[0]!.image!}`)).toEqual(
          Array.from({ length: replicas }, (_, index) => `db-${String(index)} db:${String(image)}`),
        );
        const { status } = await world.client.get<StatefulSet>('statefulsets.apps', 'default', 'db');
        expect(status).toMatchObject({ replicas, availableReplicas: replicas, currentRevision: status!.updateRevision! });
        expect((await world.all('controllerrevisions.apps')).length).toBeLessThanOrEqual(4);
        expect(early).toEqual([]);
        expect(world.errors).toEqual([]);
      } finally {
        stop();
        await world.stop();
      }
    }),
    { numRuns: 15 },
  );
}, 30_000);
