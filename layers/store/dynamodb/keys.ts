/**
 * Where each item of the one table lies. The cluster is the first part of every partition key, so clusters share a table and never a partition.
 *
 *     object    CLUSTER/RESOURCE/o/STRIPE   NAMESPACE NAME            stripe of the namespace
 *     counter   CLUSTER/RESOURCE/n          n
 *     change    CLUSTER/RESOURCE/c/STRIPE   RV                        rv modulo the stripes; `k RV`: a state kept for undoing
 *     part      PARTITION/p                 SORT KEY +INDEX           parts of a body too large for one item
 *     resource  CLUSTER                     resource RESOURCE         the resources that were ever written
 *     work      CLUSTER/n/NODE              NAMESPACE NAME            pods of a node
 *     beat      CLUSTER/n/NODE              ~lease                    the node's heartbeat, written by the node itself
 */
import type { ObjectKey } from '../port.ts';

/** How many partitions share the objects and the changes of one resource. Fixed for a cluster's life. */
export interface Stripes {
  readonly objects: number;
  readonly changes: number;
}

/** 4 partitions take 4,000 write units a second: about 800 changes of an ordinary pod, more than a scheduler of a thousand nodes makes. */
export const STRIPES: Stripes = { objects: 4, changes: 4 };

/** Digits of the largest integer of JavaScript, so that strings sort as the numbers do. */
const DIGITS = 16;
export const padded = (rv: number): string => String(rv).padStart(DIGITS, '0');

/**
 * Namespace and name with a blank between: it sorts below every character of a namespace, DynamoDB sorts strings by UTF-8 bytes, and so
 * sort keys come in the order that the port promises. No namespace holds a blank.
 */
export const sortKey = (namespace: string, name: string): string => `${namespace} ${name}`;
export function fromSortKey(key: string): { readonly namespace: string; readonly name: string } {
  const blank = key.indexOf(' ');
  return { namespace: key.slice(0, blank), name: key.slice(blank + 1) };
}

/** FNV-1a: the same namespace lies in the same stripe everywhere and for ever. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

/** The partition keys of one resource of one cluster. */
export class Partitions {
  readonly counter: string;
  readonly objects: readonly string[];
  readonly changes: readonly string[];

  constructor(cluster: string, resource: string, stripes: Stripes) {
    const prefix = `${cluster}/${resource}`;
    this.counter = `${prefix}/n`;
    this.objects = Array.from({ length: stripes.objects }, (_, stripe) => `${prefix}/o/${stripe}`);
    this.changes = Array.from({ length: stripes.changes }, (_, stripe) => `${prefix}/c/${stripe}`);
  }

  /** Where a namespace's objects lie. */
  of(namespace: string): string {
    return this.objects[hash(namespace) % this.objects.length]!;
  }

  object({ namespace, name }: Pick<ObjectKey, 'namespace' | 'name'>): { readonly pk: string; readonly sk: string } {
    return { pk: this.of(namespace), sk: sortKey(namespace, name) };
  }

  change(rv: number): { readonly pk: string; readonly sk: string } {
    return { pk: this.changes[rv % this.changes.length]!, sk: padded(rv) };
  }

  kept(rv: number): { readonly pk: string; readonly sk: string } {
    return { pk: this.change(rv).pk, sk: `k ${padded(rv)}` };
  }
}

/** Parts lie beside the item they belong to, under a partition of their own, so that queries of whole items do not read them. */
export const part = (key: { readonly pk: string; readonly sk: string }, index: number): { readonly pk: string; readonly sk: string } => ({
  pk: `${key.pk}/p`,
  sk: `${key.sk} +${index}`,
});

export const COUNTER_SORT_KEY = 'n';
/** Above every entry of a node's work. */
export const BEAT_SORT_KEY = '~lease';
/** What belongs to one node alone, and all that its credentials may touch. `node`: as its credentials call it. */
export const workPartition = (cluster: string, node: string): string => `${cluster}/n/${node}`;
export const RESOURCE_PREFIX = 'resource ';
