/** Writes of every kind, most of them wrong in one field. Nothing stays but the seeds. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '#kinds/kind.ts';
import { type Json, mutations } from './mutate.ts';
import type { Seed } from './seeds.ts';
import type { Question } from './side.ts';
import { builtInKinds } from '#kinds/registry.ts';

export const NAMESPACE = 'diff';
const VECTORS = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'vectors');

/** The object of every field that Kubernetes' own serialization tests use, where it is at hand. */
function everyField({ apiVersion, kind }: Seed): Json | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const file = join(VECTORS, `${group}.${version}.${kind}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Json) : undefined;
}

export interface ObjectCase extends Question {
  readonly kind: string;
  readonly what: string;
}

export function kindOf({ apiVersion, kind }: Seed): Kind {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const found = builtInKinds().byKind(group, version, kind);
  if (found === undefined) throw new Error(`no kind ${apiVersion} ${kind}`);
  return found;
}

export function collectionOf(kind: Kind): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  return `${root}/${kind.namespaced ? `namespaces/${NAMESPACE}/` : ''}${kind.plural}`;
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** Creates that are tried out only, of every mutation. */
export function createCases(seed: Seed): ObjectCase[] {
  const kind = kindOf(seed);
  const path = `${collectionOf(kind)}?dryRun=All&fieldManager=test`;
  return mutations(kind.schema, { ...seed, metadata: { ...seed.metadata, name: `${seed.metadata.name.replace('seed', 'new')}` } } as never, everyField(seed)).map(
    ({ what, object }) => ({
      kind: seed.kind,
      what: `create, ${what}`,
      method: 'POST',
      path,
      body: JSON.stringify(object),
    }),
  );
}

/** Updates of the seed, which is there. */
export function updateCases(seed: Seed): ObjectCase[] {
  const kind = kindOf(seed);
  const item = `${collectionOf(kind)}/${seed.metadata.name}`;
  const changes = mutations(kind.schema, seed as never, everyField(seed));
  const made: ObjectCase[] = [];
  const add = (what: string, method: string, path: string, body: object | undefined, headers?: Record<string, string>): void =>
    void made.push({ kind: seed.kind, what, method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(headers === undefined ? {} : { headers }) });
  for (const { what, object } of changes) {
    add(`update, ${what}`, 'PUT', `${item}?dryRun=All&fieldManager=test`, object);
    add(`apply, ${what}`, 'PATCH', `${item}?dryRun=All&fieldManager=other&force=true`, object, { 'content-type': 'application/apply-patch+yaml' });
    for (const { name } of kind.stored)
      if (what.startsWith('status') || what.startsWith('as it is') || (what.startsWith('metadata') && name === 'status'))
        add(`update of ${name}, ${what}`, 'PUT', `${item}/${name}?dryRun=All&fieldManager=test`, object);
  }
  add('get', 'GET', item, undefined);
  add('table', 'GET', item, undefined, { accept: TABLE });
  add('list as table', 'GET', `${collectionOf(kind)}?fieldSelector=metadata.name=${seed.metadata.name}`, undefined, { accept: TABLE });
  for (const [type, bodies] of [
    [
      'merge-patch+json',
      [
        {},
        { metadata: { labels: { a: 'b' } } },
        { metadata: { labels: { a: 'Bad Value!' } } },
        { metadata: { name: 'other' } },
        { kind: 'Other' },
        { unknown: 1 },
        { metadata: { finalizers: ['example.com/f'], ownerReferences: [{}] } },
      ],
    ],
    [
      'strategic-merge-patch+json',
      [
        {},
        { metadata: { labels: { a: 'b' } } },
        { metadata: { annotations: null } },
        { spec: 1 },
        { metadata: { finalizers: ['x'] } },
        { $patch: 'delete' },
        { $patch: 'odd' },
        { metadata: { $retainKeys: ['name'] } },
      ],
    ],
    [
      'json-patch+json',
      [
        [],
        [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }],
        [{ op: 'remove', path: '/nothing' }],
        [{ op: 'test', path: '/kind', value: 'x' }],
        [{ op: 'leap', path: '/kind' }],
        [{ op: 'replace', path: '/metadata/name', value: 'x' }],
        {},
        [{ op: 'add' }],
        [{}],
      ],
    ],
  ] as const)
    for (const body of bodies) add(`patch ${type.slice(0, 9)}`, 'PATCH', `${item}?dryRun=All&fieldManager=test`, body, { 'content-type': `application/${type}` });
  for (const options of [
    {},
    { propagationPolicy: 'Foreground' },
    { propagationPolicy: 'Orphan' },
    { gracePeriodSeconds: 0 },
    { preconditions: { uid: 'x' } },
    { preconditions: { resourceVersion: '1' } },
    { propagationPolicy: 'x' },
  ])
    add('delete', 'DELETE', `${item}?dryRun=All`, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'], ...options });
  return made;
}
