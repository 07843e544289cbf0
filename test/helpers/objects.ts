/** Objects that tests of real containers are made of, all of the tiny local image. */
import { TEST_IMAGE } from './image.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A container that runs a shell line. */
export const shell = (name: string, line: string, more: Fields = {}): object => ({ name, image: TEST_IMAGE, command: ['sh', '-c', line], ...more });

/** A pod that ends a second after it is told to. */
export const pod = (name: string, containers: readonly object[], spec: Fields = {}, metadata: Fields = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers, ...spec },
});

export const controller = (name: string, replicas: number, containers: readonly object[], spec: Fields = {}): object => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name },
  spec: { replicas, selector: { app: name }, template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 1, containers, ...spec } } },
});

export const service = (name: string, ports: readonly object[], spec: Fields = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports, ...spec },
});
