import { expect, test } from 'vitest';
import { memoryClusters } from '#cloud/local/clusters.ts';
import { unauthorized } from '#machinery/status.ts';
import { systemClock, systemIds } from '#machinery/system.ts';
import { openMemoryQueue } from '#queue/memory/queue.ts';
import { createInstallation } from './installation.ts';

const IDENTITIES = new Map([
  ['k8s-aws-v1.admin', { arn: 'arn:aws:sts::1:assumed-role/admins/me', account: '1', userId: 'A:me' }],
  ['k8s-aws-v1.other', { arn: 'arn:aws:iam::1:user/other', account: '1', userId: 'B' }],
]);

function start() {
  const queue = openMemoryQueue({ clock: systemClock, maxReceives: 3 });
  const installation = createInstallation({
    clusters: memoryClusters(),
    reconcile: queue,
    identify: async (token) => {
      const identity = IDENTITIES.get(token);
      if (identity === undefined) throw unauthorized();
      return identity;
    },
    administrators: ['arn:aws:iam::1:role/path/admins'],
    clock: systemClock,
    ids: systemIds,
  });
  const call = async (method: string, path: string, body?: unknown, token = 'admin'): Promise<{ status: number; json: unknown } | undefined> => {
    const answer = await installation({
      method,
      path,
      query: '',
      headers: { authorization: `Bearer k8s-aws-v1.${token}` },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    });
    return answer === undefined ? undefined : { status: answer.status, json: JSON.parse(answer.body as string) as unknown };
  };
  return { call, queue };
}
const refused = (code: number, message?: string): object => ({ status: { code, ...(message === undefined ? {} : { message }) } });

test('a cluster is made, shown without its key, listed and deleted', async () => {
  const { call, queue } = start();
  const made = await call('POST', '/installation/clusters', { name: 'prod' });
  expect(made).toMatchObject({ status: 201, json: { name: 'prod', serviceCIDR: '10.96.0.0/16', access: [{ arn: 'arn:aws:iam::1:role/admins', groups: ['system:masters'] }] } });
  expect(JSON.stringify(made)).not.toContain('PRIVATE KEY');
  const [work] = await queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 1 });
  expect(JSON.parse(work!.body)).toEqual({ controller: 'cluster-bootstrap', key: 'cluster', cluster: 'prod' });
  expect(await call('GET', '/installation/clusters')).toMatchObject({ json: { clusters: [{ name: 'prod' }] } });
  expect(await call('GET', '/installation/clusters/prod')).toMatchObject({ status: 200 });
  await expect(call('POST', '/installation/clusters', { name: 'prod' })).rejects.toMatchObject(refused(409, 'cluster "prod" exists already'));
  expect(await call('DELETE', '/installation/clusters/prod')).toMatchObject({ status: 200 });
  await expect(call('DELETE', '/installation/clusters/prod')).rejects.toMatchObject(refused(404));
});

test('a cluster made anew under a name shares no key with the one before', async () => {
  const clusters = memoryClusters();
  const installation = createInstallation({
    clusters,
    reconcile: openMemoryQueue({ clock: systemClock, maxReceives: 3 }),
    identify: async () => IDENTITIES.get('k8s-aws-v1.admin')!,
    administrators: ['arn:aws:iam::1:role/admins'],
    clock: systemClock,
    ids: systemIds,
  });
  const request = (method: string, path: string, body?: object) =>
    installation({ method, path, query: '', headers: { authorization: 'Bearer k8s-aws-v1.x' }, body: body && Buffer.from(JSON.stringify(body)) });
  await request('POST', '/installation/clusters', { name: 'a' });
  const first = (await clusters.get('a'))!.id;
  await request('DELETE', '/installation/clusters/a');
  await request('POST', '/installation/clusters', { name: 'a' });
  expect((await clusters.get('a'))!.id).not.toBe(first);
});

test('others, bad names and bad ranges are refused', async () => {
  const { call } = start();
  await expect(call('GET', '/installation/clusters', undefined, 'other')).rejects.toMatchObject(refused(403, 'arn:aws:iam::1:user/other is no administrator of this installation'));
  await expect(call('GET', '/installation/clusters', undefined, 'unknown')).rejects.toMatchObject(refused(401));
  await expect(call('POST', '/installation/clusters', { name: '../x' })).rejects.toMatchObject(refused(400));
  await expect(call('POST', '/installation/clusters', { name: 'x', podCIDR: 'everything' })).rejects.toMatchObject(refused(400));
  await expect(call('PATCH', '/installation/clusters/x')).rejects.toMatchObject(refused(405));
  expect(await call('GET', '/api/v1/pods')).toBeUndefined();
});
