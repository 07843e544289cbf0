/**
 * What is taken, as objects in the store, so that an allocation commits or fails together with its service: an IPAddress
 * (networking.k8s.io/v1, as Kubernetes keeps them) per cluster IP, and an internal record per node port.
 */
import type { AdmissionServices } from '../../port.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { ObjectKey, Remove, Write } from '#store/port.ts';

export const IP_ADDRESSES = 'ipaddresses.networking.k8s.io';
/** Not served: the name of a record is the port. */
const NODE_PORTS = 'nodeports.internal.paperplane';

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

export const addressKey = (ip: string): ObjectKey => ({ resource: IP_ADDRESSES, namespace: '', name: ip });
export const portKey = (port: number): ObjectKey => ({ resource: NODE_PORTS, namespace: '', name: String(port) });

function put(key: ObjectKey, uid: string, labels: Readonly<Record<string, string>>, object: KubeObject): Write {
  return {
    type: 'put',
    key,
    if: { absent: true },
    uid,
    labels,
    fields: {},
    body: (rv) => Buffer.from(JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: String(rv) } })),
  };
}

export function takeAddress(ip: string, service: ServiceRef, { context }: AdmissionServices): Write {
  const uid = context.ids.uid();
  const labels = { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
  return put(addressKey(ip), uid, labels, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: ip, uid, generation: 1, creationTimestamp: new Date(context.clock.now()).toISOString().replace(/\.\d+/, ''), labels },
    spec: { parentRef: { group: '', resource: 'services', namespace: service.namespace, name: service.name } },
  });
}

export function takePort(port: number, service: ServiceRef, { context }: AdmissionServices): Write {
  const uid = context.ids.uid();
  return put(portKey(port), uid, {}, { apiVersion: 'internal.paperplane/v1', kind: 'NodePort', metadata: { name: String(port), uid }, service });
}

/** Gives a record back; nothing to do where it is gone or another service's. */
export async function release(key: ObjectKey, service: ServiceRef, { store }: AdmissionServices): Promise<Remove | undefined> {
  const stored = await store.get(key);
  if (stored === undefined) return undefined;
  const object = JSON.parse(Buffer.from(stored.body).toString()) as { spec?: { parentRef?: ServiceRef }; service?: ServiceRef; metadata: object };
  const owner = object.spec?.parentRef ?? object.service;
  if (owner?.namespace !== service.namespace || owner.name !== service.name) return undefined;
  return { type: 'remove', key, if: { rv: stored.rv }, body: (rv) => Buffer.from(JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: String(rv) } })) };
}

export async function isTaken(key: ObjectKey, { store }: AdmissionServices): Promise<boolean> {
  return (await store.get(key)) !== undefined;
}
