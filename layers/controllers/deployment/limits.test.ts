/** Whatever happens to its pods, a rolling update keeps to its limits, and comes to its end when they become ready. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { running } from '#control/testing/objects.ts';
import { createWorld } from '#control/testing/world.ts';
import type { Deployment, Pod, ReplicaSet } from '#kinds/generated/types.ts';
import { isReady } from '../shared/pods.ts';
import { replicaSetController } from '../replicaset/controller.ts';
import { deploymentController } from './controller.ts';
import { maxSurge, maxUnavailable } from './limits.ts';

type Act = { readonly do: 'ready' | 'break' | 'image'; readonly pick: number };

const deployment = (replicas: number, surge: number | string, unavailable: number | string): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:0' }] } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
    revisionHistoryLimit: 2,
  },
});

const bound = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('10%', '25%', '60%'));
const acts = fc.array(fc.record({ do: fc.constantFrom<Act['do']>('ready', 'ready', 'ready', 'break', 'image'), pick: fc.nat(20) }), { maxLength: 12 });

test('limits hold at every step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), bound, bound, acts, async (replicas, surge, unavailable, steps) => {
      const wanted = deployment(replicas, surge, unavailable);
      const world = await createWorld({ controllers: [deploymentController(), replicaSetController()], objects: [['deployments.apps', wanted]] });
      try {
        const pods = async (): Promise<readonly Pod[]> => world.all<Pod>('pods');
        const setReady = async (pod: Pod | undefined, ready: boolean): Promise<void> => {
          if (pod !== undefined) await world.client.patch('pods', 'default', pod.metadata.name!, { type: 'merge', body: { status: running('10.0.0.1', ready) } }, 'status');
          await world.settle();
        };
        for (const pod of await pods()) await setReady(pod, true);
        let image = 0;
        // what breaks was available: it may be missing beyond what the update itself takes away
        let broken = 0;
        for (const act of steps) {
          const all = await pods();
          if (act.do === 'image') {
            await world.client.patch('deployments.apps', 'default', 'web', {
              type: 'merge',
              body: { spec: { template: { spec: { containers: [{ name: 'c', image: `web:${String(++image)}` }] } } } },
            });
            await world.settle();
          } else {
            const candidates = all.filter((pod) => isReady(pod) === (act.do === 'break'));
            if (act.do === 'break' && candidates.length > 0) broken++;
            await setReady(candidates[act.pick % Math.max(1, candidates.length)], act.do === 'ready');
          }
          const now = await pods();
          expect(now.length).toBeLessThanOrEqual(replicas + maxSurge(wanted));
          expect(now.filter(isReady).length).toBeGreaterThanOrEqual(replicas - maxUnavailable(wanted) - broken);
        }
        for (let i = 0; i < 40; i++)
          await setReady(
            (await pods()).find((pod) => !isReady(pod)),
            true,
          );
        const end = await world.client.get<Deployment>('deployments.apps', 'default', 'web');
        expect(end.status).toMatchObject({ replicas, updatedReplicas: replicas, availableReplicas: replicas });
        expect((await pods()).map(({ spec }) => spec!.containers[0]!.image)).toEqual(Array.from({ length: replicas }, () => `web:${String(image)}`));
        expect((await world.all<ReplicaSet>('replicasets.apps')).length).toBeLessThanOrEqual(3);
        expect(world.errors).toEqual([]);
      } finally {
        await world.stop();
      }
    }),
    { numRuns: 15 },
  );
}, 30_000);
