/** All built-in kinds: the generated facts, the generic behaviour, and what each kind's own file adds. */
import type { KubeObject } from '#machinery/object.ts';
import type { Behaviour } from './behaviour.ts';
import { behaviours } from './behaviours.ts';
import { CATEGORIES, SHORT_NAMES } from './discovery-names.ts';
import type { Kind, KindRegistry, StoredSubresource, VirtualResource } from './kind.ts';
import { RESOURCES, type ResourceFacts, schemaOf, schemaOfKind } from './schema.ts';
import { shape } from './shared/shape.ts';

/** Served under a second group, stored under the first. */
const ALIASES: Readonly<Record<string, string>> = { 'events.events.k8s.io': 'events' };
/** Deletions of these answer with the object. */
const RETURNED: ReadonlySet<string> = new Set([
  'pods',
  'podtemplates',
  'services',
  'serviceaccounts',
  'persistentvolumes',
  'persistentvolumeclaims',
  'resourcequotas',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
]);
/** Kinds whose strategies never count generations. */
const WITHOUT_GENERATION: ReadonlySet<string> = new Set([
  'configmaps',
  'endpoints',
  'events',
  'limitranges',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'resourcequotas',
  'secrets',
  'serviceaccounts',
  'services',
  'componentstatuses',
  'controllerrevisions.apps',
  'certificatesigningrequests.certificates.k8s.io',
  'leases.coordination.k8s.io',
  'ipaddresses.networking.k8s.io',
  'runtimeclasses.node.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'servicecidrs.networking.k8s.io',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'horizontalpodautoscalers.autoscaling',
]);
/** Kinds whose strategies check the name of an object when it is made, and on updates no more. */
const NAME_CHECKED_ONCE: ReadonlySet<string> = new Set([
  'podtemplates',
  'replicationcontrollers',
  'services',
  'resourcequotas',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'cronjobs.batch',
  'horizontalpodautoscalers.autoscaling',
  'networkpolicies.networking.k8s.io',
  'servicecidrs.networking.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'csidrivers.storage.k8s.io',
  'leases.coordination.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'deviceclasses.resource.k8s.io',
  'resourceslices.resource.k8s.io',
]);
const STATUS: readonly (readonly string[])[] = [['status']];
const SPEC: readonly (readonly string[])[] = [['spec']];

export function storageName({ group, plural }: Pick<ResourceFacts, 'group' | 'plural'>): string {
  const own = group === '' ? plural : `${plural}.${group}`;
  return ALIASES[own] ?? own;
}

function copyField(to: KubeObject, from: KubeObject, field: string): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

/** A status door changes the status, and metadata but for what garbage collection and the spec's managers own. */
const STATUS_DOOR: Omit<StoredSubresource, 'name' | 'verbs'> = {
  resetFields: SPEC,
  prepareForUpdate(incoming, old) {
    for (const field of Object.keys({ ...incoming, ...old })) if (field !== 'status' && field !== 'metadata') copyField(incoming, old, field);
  },
};

function storedOf(facts: ResourceFacts, own: Behaviour): StoredSubresource[] {
  return facts.subresources.filter(({ kind, name }) => kind === facts.kind && name !== 'log').map(({ name, verbs }) => ({ ...(own.stored?.[name] ?? STATUS_DOOR), name, verbs }));
}

function kindOf(facts: ResourceFacts): Kind {
  const storage = storageName(facts);
  const own = behaviours[`${facts.plural}${facts.group === '' ? '' : `.${facts.group}`}`]?.[facts.version] ?? {};
  const schema = schemaOfKind(facts.group, facts.version, facts.kind)!;
  const hasStatus = facts.subresources.some(({ name }) => name === 'status');
  const { stored: _, keepsStatusOnCreate = false, ...rest } = own;
  return {
    hasGeneration: !WITHOUT_GENERATION.has(storage),
    nameRule: 'subdomain',
    ...(NAME_CHECKED_ONCE.has(storage) ? { nameCheckedOnce: true } : {}),
    fields: {},
    ...(RETURNED.has(storage) ? { deleteReturnsObject: true } : {}),
    ...(hasStatus ? { resetFields: STATUS } : {}),
    ...rest,
    group: facts.group,
    version: facts.version,
    kind: facts.kind,
    listKind: facts.listKind ?? `${facts.kind}List`,
    plural: facts.plural,
    singular: facts.singular,
    shortNames: SHORT_NAMES[storage] ?? [],
    categories: CATEGORIES[storage] ?? [],
    namespaced: facts.namespaced,
    verbs: facts.verbs,
    storage,
    schema,
    stored: storedOf(facts, own),
    defaults(object) {
      own.defaults?.(object);
      shape(object, schema);
    },
    preparesWhole: own.preparesWhole ?? (!hasStatus && own.prepareForCreate === undefined && own.prepareForUpdate === undefined),
    prepareForCreate(object, context) {
      if (hasStatus && !keepsStatusOnCreate) delete object['status'];
      own.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      if (hasStatus) copyField(object, old, 'status');
      own.prepareForUpdate?.(object, old, context);
    },
  };
}

function virtualsOf(): VirtualResource[] {
  const found: VirtualResource[] = [];
  for (const facts of RESOURCES) {
    if (isStored(facts)) continue;
    found.push({ ...facts, schema: schemaOfKind(facts.group, facts.version, facts.kind)! });
  }
  return found;
}

/** Component statuses are read-only and made up on the spot; reviews and bindings are only created. */
const isStored = ({ verbs }: ResourceFacts): boolean => verbs.includes('update');

class Registry implements KindRegistry {
  readonly #kinds = RESOURCES.filter(isStored).map(kindOf);
  readonly #virtuals = virtualsOf();
  readonly #resources = new Map(this.#kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
  readonly #byKind = new Map(this.#kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]));
  readonly #byStorage = new Map<string, Kind>();
  readonly #virtualResources = new Map(this.#virtuals.map((virtual) => [`${virtual.group}/${virtual.version}/${virtual.plural}`, virtual]));

  constructor() {
    for (const kind of this.#kinds) if (kind.convert === undefined && !this.#byStorage.has(kind.storage)) this.#byStorage.set(kind.storage, kind);
  }
  byResource(group: string, version: string, plural: string): Kind | undefined {
    return this.#resources.get(`${group}/${version}/${plural}`);
  }
  byKind(group: string, version: string, kind: string): Kind | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }
  byStorage(storage: string): Kind | undefined {
    return this.#byStorage.get(storage);
  }
  virtual(group: string, version: string, plural: string): VirtualResource | undefined {
    return this.#virtualResources.get(`${group}/${version}/${plural}`);
  }
  kinds(): readonly Kind[] {
    return this.#kinds;
  }
  virtuals(): readonly VirtualResource[] {
    return this.#virtuals;
  }
  schema(name: string): ReturnType<typeof schemaOf> {
    return schemaOf(name);
  }
}

let built: KindRegistry | undefined;

/** One for the process: kinds hold no state. */
export function builtInKinds(): KindRegistry {
  return (built ??= new Registry());
}
