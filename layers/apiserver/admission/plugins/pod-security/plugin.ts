/** PodSecurity: pods are held to what their namespace's labels say; controllers are warned of (`pod-security-admission/admission`). */
import type { Pod, PodSpec } from '#kinds/generated/types.ts';
import type { KubeObject, ObjectMeta } from '#machinery/object.ts';
import { forbiddenRequest, internalError, invalidObject } from '#machinery/status.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../port.ts';
import { readAll } from '../../read.ts';
import { detailText, reasonText, violations } from './checks.ts';
import { isOpen, type LevelVersion, levelText, policyOf, sameLevel, strictness } from './levels.ts';

/** Where controllers keep the pod they make. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  replicationcontrollers: ['spec', 'template'],
  podtemplates: ['template'],
  'replicasets.apps': ['spec', 'template'],
  'deployments.apps': ['spec', 'template'],
  'statefulsets.apps': ['spec', 'template'],
  'daemonsets.apps': ['spec', 'template'],
  'jobs.batch': ['spec', 'template'],
  'cronjobs.batch': ['spec', 'jobTemplate', 'spec', 'template'],
};
const IGNORED: ReadonlySet<string> = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);
/** Existing pods that are looked at when a namespace asks for more. */
const MAX_PODS = 3000;
const ANNOTATION = 'pod-security.kubernetes.io';

const qualified = ({ group, resource }: AdmissionAttributes): string => (group === '' ? resource : `${resource}.${group}`);

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  handles(attributes) {
    const { operation, subresource } = attributes;
    if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
    const resource = qualified(attributes);
    if (resource === 'pods') return !IGNORED.has(subresource);
    return subresource === '' && (resource === 'namespaces' || Object.hasOwn(TEMPLATES, resource));
  },
  async validate(attributes, { store }) {
    const resource = qualified(attributes);
    if (resource === 'namespaces') return namespace(attributes, store);
    const found = await store.get({ resource: 'namespaces', namespace: '', name: attributes.namespace });
    if (found === undefined) {
      if (resource === 'pods') throw internalError(`failed to lookup namespace ${JSON.stringify(attributes.namespace)}`);
      return;
    }
    const { labels } = found;
    if (resource === 'pods') return pod(attributes, labels);
    const template = TEMPLATES[resource]!.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], attributes.object) as
      | { readonly metadata?: ObjectMeta; readonly spec?: PodSpec }
      | undefined;
    if (template?.spec !== undefined) evaluate(attributes, labels, template.metadata ?? {}, template.spec, false);
  },
};

type Labels = Readonly<Record<string, string>> | undefined;

function pod(attributes: AdmissionAttributes, labels: Labels): void {
  const { policy, errors } = policyOf(labels);
  if (errors.length === 0 && isOpen(policy)) return;
  const now = attributes.object as Pod;
  if (attributes.operation === 'UPDATE' && !isSignificant(now.spec, (attributes.oldObject as Pod).spec)) return;
  if (now.spec !== undefined) evaluate(attributes, labels, now.metadata, now.spec, true);
}

/** Of what may change in a pod only images matter. */
function isSignificant(now: PodSpec | undefined, old: PodSpec | undefined): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const [mine, theirs] = [now?.[list] ?? [], old?.[list] ?? []];
    if (mine.length !== theirs.length || mine.some(({ image }, at) => image !== theirs[at]!.image)) return true;
  }
  const before = new Map((old?.ephemeralContainers ?? []).map(({ name, image }) => [name, image]));
  return (now?.ephemeralContainers ?? []).some(({ name, image }) => !before.has(name) || before.get(name) !== image);
}

/** @throws ApiError 403 for a pod that its namespace does not let in */
function evaluate(attributes: AdmissionAttributes, labels: Labels, metadata: ObjectMeta, spec: PodSpec, enforce: boolean): void {
  const { policy, errors } = policyOf(labels);
  if (errors.length > 0) attributes.annotate?.(`${ANNOTATION}/error`, `Failed to parse policy: ${errors.map(({ field, detail }) => `${field}: ${detail}`).join(', ')}`);
  const known: { readonly level: LevelVersion; readonly found: ReturnType<typeof violations> }[] = [];
  const at = (level: LevelVersion): ReturnType<typeof violations> => {
    let entry = known.find((one) => sameLevel(one.level, level));
    if (entry === undefined) known.push((entry = { level, found: violations(level, spec, metadata) }));
    return entry.found;
  };
  const audited = at(policy.audit);
  if (enforce) attributes.annotate?.(`${ANNOTATION}/enforce-policy`, levelText(policy.enforce));
  if (audited.length > 0) attributes.annotate?.(`${ANNOTATION}/audit-violations`, `would violate PodSecurity ${JSON.stringify(levelText(policy.audit))}: ${detailText(audited)}`);
  const enforced = enforce ? at(policy.enforce) : [];
  if (enforced.length > 0) {
    const { group, resource, name } = attributes;
    throw forbiddenRequest({ group, resource }, metadata.name ?? name, `violates PodSecurity ${JSON.stringify(levelText(policy.enforce))}: ${detailText(enforced)}`);
  }
  const warned = at(policy.warn);
  if (warned.length > 0) attributes.warn(`would violate PodSecurity ${JSON.stringify(levelText(policy.warn))}: ${detailText(warned)}`);
}

async function namespace(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const { object, oldObject, operation } = attributes;
  const { policy, errors } = policyOf(object!.metadata.labels);
  const old = policyOf(oldObject?.metadata.labels);
  const name = object!.metadata.name ?? '';
  if (errors.length > 0 && (operation === 'CREATE' || JSON.stringify(errors) !== JSON.stringify(old.errors))) throw invalidObject('', 'Namespace', name, errors);
  if (operation === 'CREATE') return;
  const [now, before] = [policy.enforce, old.policy.enforce];
  if (sameLevel(now, before) || now.level === 'privileged') return;
  if (now.minor === before.minor && strictness(now.level) <= strictness(before.level)) return;
  for (const text of await warningsFor(store, name, now)) attributes.warn(text);
}

interface Counted {
  readonly pod: string;
  readonly count: number;
}

async function warningsFor(store: Store, name: string, level: LevelVersion): Promise<readonly string[]> {
  const pods = prioritized(await readAll<Pod>(store, 'pods', name));
  const checked = pods.slice(0, MAX_PODS);
  const byReason = new Map<string, Counted>();
  for (const { metadata, spec } of checked) {
    const found = spec === undefined ? [] : violations(level, spec, metadata);
    if (found.length === 0) continue;
    const reason = reasonText(found);
    const known = byReason.get(reason);
    const own = metadata.name ?? '';
    byReason.set(reason, { pod: known === undefined || own < known.pod ? own : known.pod, count: (known?.count ?? 0) + 1 });
  }
  const texts = [...byReason].map(([reason, { pod: first, count }]) => {
    const others = count === 1 ? '' : ` (and ${count - 1} other ${count === 2 ? 'pod' : 'pods'})`;
    return `${first}${others}: ${reason}`;
  });
  return [
    ...(checked.length < pods.length ? [`new PodSecurity enforce level only checked against the first ${checked.length} of ${pods.length} existing pods`] : []),
    ...(texts.length > 0 ? [`existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${JSON.stringify(levelText(level))}`] : []),
    ...texts.sort(),
  ];
}

/** One pod of each controller first: the others are like it. */
function prioritized(pods: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const first: Pod[] = [];
  const rest: Pod[] = [];
  for (const one of pods) {
    const owner = (one as KubeObject).metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    if (owner !== undefined && seen.has(owner)) rest.push(one);
    else first.push(one);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...rest];
}
