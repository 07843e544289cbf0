import { expect, test } from 'vitest';
import { goesToGatewayNode } from './behaviours.ts';

const goes = (url: string, headers: Record<string, string> = {}): boolean => goesToGatewayNode({ url, headers });
const POD = '/clusters/demo/api/v1/namespaces/default/pods/web';

test('connections that are taken over and logs that are followed go to the gateway node, all else to the functions', () => {
  expect(goes(`${POD}/exec?command=sh`, { upgrade: 'websocket' })).toBe(true);
  expect(goes(`${POD}/portforward`, { upgrade: 'SPDY/3.1' })).toBe(true);
  expect(goes(`${POD}/log?container=c&follow=true`)).toBe(true);
  expect(goes('/api/v1/namespaces/default/pods/web/log?follow=1')).toBe(true);
  for (const url of [
    `${POD}/log`,
    `${POD}/log?follow=false`,
    `${POD}/log?tailLines=3`,
    `${POD}?follow=true`,
    `${POD}/log/x?follow=true`,
    '/api/v1/pods?watch=true&follow=true',
    '/',
  ])
    expect(goes(url)).toBe(false);
});
