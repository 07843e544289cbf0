/** Finds or makes the two controllers of an update (kubernetes.md of the 1.1 days: file mode, image mode, rollback). */
import type { Pod } from '#kinds/generated/types.ts';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'yaml';
import type { ApiClient } from '../api/client.ts';
import { annotate, annotation, type Controllers, NEXT_CONTROLLER_ID, type Rc, SOURCE_ID } from './controllers.ts';
import { type RollingUpdateOptions, UsageError } from './options.ts';

export interface Plan {
  readonly oldRc: Rc;
  readonly newRc: Rc;
  /** The new controller takes the old one's name at the end. */
  readonly keepOldName: boolean;
}

/** Pods are relabelled in up to this many passes, with a growing pause: an old controller may still be making unlabelled ones. */
const RELABEL_TRIES = 3;
const RELABEL_PAUSE_S = 3;

function fromFile(file: string, oldRc: Rc): Rc {
  let document = parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as Rc & { items?: Rc[] };
  if (document?.kind === 'List' || document?.kind === 'ReplicationControllerList') {
    if (document.items?.length !== 1) throw new UsageError(`${file} specifies multiple items`);
    document = document.items[0]!;
  }
  if (document?.kind !== 'ReplicationController') throw new UsageError(`${file} contains a ${document?.kind} not a ReplicationController`);
  const spec = document.spec ?? {};
  if (spec.replicas === undefined) spec.replicas = oldRc.spec?.replicas ?? 1;
  if (spec.selector === undefined) spec.selector = { ...spec.template?.metadata?.labels };
  document.spec = spec;
  return document;
}

const hashOf = (rc: Rc): string => createHash('md5').update(JSON.stringify(rc)).digest('hex');

/** A copy of the old controller with the new image, told apart by the label. */
function withImage(oldRc: Rc, newName: string, image: string, labelKey: string): Rc {
  const rc = structuredClone(oldRc);
  const containers = rc.spec?.template?.spec?.containers ?? [];
  if (containers.length !== 1) throw new UsageError('Image update is not supported for multi-container pods');
  containers[0]!.image = image;
  const hash = hashOf(rc);
  const { name, annotations, labels } = rc.metadata;
  rc.metadata = {
    name: newName === '' ? `${name}-${hash}` : newName,
    ...(labels === undefined ? {} : { labels }),
    annotations: Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== NEXT_CONTROLLER_ID)),
  };
  rc.spec!.selector = { ...rc.spec!.selector, [labelKey]: hash };
  rc.spec!.template!.metadata = { ...rc.spec!.template!.metadata, labels: { ...rc.spec!.template!.metadata?.labels, [labelKey]: hash } };
  delete rc.status;
  return rc;
}

/** Gives the old controller and its pods the label too, in an order in which no pod is ever lost from sight. */
async function labelOld(api: ApiClient, rcs: Controllers, oldRc: Rc, labelKey: string, value: string): Promise<Rc> {
  const name = oldRc.metadata.name!;
  const oldSelector = { ...oldRc.spec?.selector };
  const pods = (): Promise<Pod[]> =>
    api.list<Pod>(`/api/v1/namespaces/${encodeURIComponent(api.namespace)}/pods`, {
      labelSelector: Object.entries(oldSelector)
        .map(([key, text]) => `${key}=${text}`)
        .join(','),
    });
  // the template first: pods made from here on carry the label
  await rcs.change(name, (rc) => {
    const template = rc.spec!.template!;
    template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [labelKey]: value } };
  });
  for (let tries = 0, pause = RELABEL_PAUSE_S; tries < RELABEL_TRIES; tries++, pause *= pause) {
    const bare = (await pods()).filter((pod) => pod.metadata.labels?.[labelKey] === undefined);
    if (bare.length === 0 && tries > 0) break;
    for (const pod of bare) {
      await api.patch(`/api/v1/namespaces/${encodeURIComponent(api.namespace)}/pods/${encodeURIComponent(pod.metadata.name!)}`, 'application/merge-patch+json', {
        metadata: { labels: { [labelKey]: value } },
      });
    }
    if (bare.length > 0 && tries + 1 < RELABEL_TRIES) await wait(pause * 1000);
  }
  const updated = await rcs.change(name, (rc) => {
    rc.spec!.selector = { ...rc.spec!.selector, [labelKey]: value };
  });
  // what the old selector matches and the new one does not is nobody's now
  for (const pod of await pods()) {
    if (pod.metadata.labels?.[labelKey] !== value && pod.metadata.labels?.[labelKey] === undefined) {
      await api.delete(`/api/v1/namespaces/${encodeURIComponent(api.namespace)}/pods/${encodeURIComponent(pod.metadata.name!)}`);
    }
  }
  return updated;
}

/** `undefined`: an interrupted rename was found and `rename` finished it. */
export async function prepare(
  api: ApiClient,
  rcs: Controllers,
  options: RollingUpdateOptions,
  print: (line: string) => void,
  rename: (from: Rc, to: string) => Promise<void>,
): Promise<Plan | undefined> {
  const { oldName, image, deploymentLabelKey: labelKey } = options;
  let oldRc = await rcs.find(oldName);
  if (oldRc === undefined) {
    const half = image !== undefined && options.newName === undefined ? (await rcs.list()).find((rc) => annotation(rc, SOURCE_ID)?.startsWith(oldName)) : undefined;
    if (half === undefined) return void (await rcs.get(oldName));
    await rename(half, oldName);
    return undefined;
  }
  let newRc: Rc;
  if (options.filename !== undefined) newRc = fromFile(options.filename, oldRc);
  else {
    const newName = options.newName ?? annotation(oldRc, NEXT_CONTROLLER_ID) ?? '';
    const existing = newName === '' ? undefined : await rcs.find(newName);
    if (options.rollback) {
      if (existing === undefined) throw new UsageError(`Could not find ${newName} to rollback.`);
      newRc = existing;
    } else {
      if (existing !== undefined) print(`Found existing update in progress (${existing.metadata.name}), resuming.`);
      newRc = existing ?? withImage(oldRc, newName, image!, labelKey);
      if (!options.dryRun) {
        const next = newRc.metadata.name!;
        if (annotation(oldRc, NEXT_CONTROLLER_ID) !== next) oldRc = await rcs.change(oldName, (rc) => annotate(rc, NEXT_CONTROLLER_ID, next));
        if (oldRc.spec?.selector?.[labelKey] === undefined) oldRc = await labelOld(api, rcs, oldRc, labelKey, hashOf(oldRc));
      }
    }
  }
  const what = options.filename ?? newRc.metadata.name!;
  if (newRc.metadata.name === oldName) throw new UsageError(`${what} cannot have the same name as the existing ReplicationController ${oldName}`);
  const differs = Object.entries(oldRc.spec?.selector ?? {}).some(([key, value]) => newRc.spec?.selector?.[key] !== undefined && newRc.spec.selector[key] !== value);
  // a dry run has not labelled the old controller
  if (!differs && !(options.dryRun && image !== undefined)) throw new UsageError(`${what} must specify a matching key with non-equal value in Selector for ${oldName}`);
  return { oldRc, newRc, keepOldName: options.filename === undefined && options.newName === undefined };
}
