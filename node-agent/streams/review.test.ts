import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createFakeClock } from '#control/testing/fake-clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import { createReviewer } from './review.ts';

const request = (authorization?: string): IncomingMessage => ({ headers: { authorization } }) as unknown as IncomingMessage;

test('who calls the kubelet API with a token is who the cluster says, and may what the cluster says, for as long as kubelet believes it', async () => {
  const asked: string[] = [];
  const clock = createFakeClock(Date.parse('2026-01-01T00:00:00Z'));
  const reviewer = createReviewer({
    nodeName: 'n1',
    clock,
    async create(path, object) {
      const spec = object['spec'] as { readonly token?: string; readonly resourceAttributes?: { readonly subresource: string } };
      asked.push(`${path.split('/').at(-1)} ${JSON.stringify(spec)}`);
      const status =
        spec.token === undefined
          ? { allowed: spec.resourceAttributes!.subresource === 'proxy' }
          : { authenticated: spec.token === 'good', user: { username: 'gateway', groups: ['g'] } };
      return { ...object, status } as KubeObject;
    },
  });
  expect(await reviewer.authenticate(request())).toBeUndefined();
  expect(await reviewer.authenticate(request('Basic x'))).toBeUndefined();
  expect(await reviewer.authenticate(request('Bearer bad'))).toBeUndefined();
  const caller = { name: 'gateway', groups: ['g'] };
  for (let i = 0; i < 3; i++) expect(await reviewer.authenticate(request('Bearer good'))).toEqual(caller);
  expect(asked).toEqual(['tokenreviews {"token":"bad"}', 'tokenreviews {"token":"good"}']);
  const access = (subresource: string) => ({ verb: 'get', path: '/', subresource });
  for (let i = 0; i < 2; i++) {
    expect(await reviewer.authorize(caller, access('proxy'))).toBe(true);
    expect(await reviewer.authorize(caller, access('stats'))).toBe(false);
  }
  expect(asked.slice(2)).toEqual(
    ['proxy', 'stats'].map(
      (subresource) =>
        `subjectaccessreviews {"user":"gateway","groups":["g"],"resourceAttributes":{"verb":"get","version":"v1","resource":"nodes","subresource":"${subresource}","name":"n1"}}`,
    ),
  );
  // a refusal is believed for half a minute, a permission for five, a token for two
  await clock.advance(121_000);
  await reviewer.authenticate(request('Bearer good'));
  await reviewer.authorize(caller, access('proxy'));
  await reviewer.authorize(caller, access('stats'));
  expect(asked.slice(4).map((one) => one.split(' ')[0])).toEqual(['tokenreviews', 'subjectaccessreviews']);
});
