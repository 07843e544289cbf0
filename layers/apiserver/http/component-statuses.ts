/**
 * `componentstatuses`, which nobody stores: the one component that can be asked from here, the store, under the name that clients know.
 * Controllers and the scheduler have no door to ask at; their leases say that they live.
 */
import type { Kind } from '#kinds/kind.ts';
import { schemaOf } from '#kinds/schema.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { ListPage, ListQuery, Store, StoredObject } from '#store/port.ts';

interface ComponentStatus extends KubeObject {
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly message?: string; readonly error?: string }[];
}

const RESOURCE = 'componentstatuses';
const STORE = 'etcd-0';
const column = (name: string, description: string) => ({ name, type: 'string' as const, description });

export const componentStatuses: Kind<ComponentStatus> = {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  listKind: 'ComponentStatusList',
  plural: RESOURCE,
  singular: 'componentstatus',
  shortNames: ['cs'],
  categories: [],
  namespaced: false,
  verbs: ['get', 'list'],
  storage: RESOURCE,
  schema: schemaOf('io.k8s.api.core.v1.ComponentStatus')!,
  hasGeneration: false,
  nameRule: 'subdomain',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  stored: [],
  fields: {},
  columns: [column('Status', 'Status of the component conditions'), column('Message', 'Message of the component conditions'), column('Error', 'Error of the component conditions')],
  row: ({ conditions }) => {
    const [healthy] = conditions;
    return { cells: [healthy?.status === 'True' ? 'Healthy' : 'Unhealthy', healthy?.message ?? '', healthy?.error ?? ''] };
  },
};

async function ask(store: Store): Promise<StoredObject> {
  let condition: ComponentStatus['conditions'][number];
  try {
    await store.frontier('namespaces');
    condition = { type: 'Healthy', status: 'True', message: 'ok' };
  } catch (error) {
    condition = { type: 'Healthy', status: 'False', error: error instanceof Error ? error.message : String(error) };
  }
  const status: ComponentStatus = { apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name: STORE }, conditions: [condition] };
  return { key: { resource: RESOURCE, namespace: '', name: STORE }, rv: 1, uid: '', body: Buffer.from(JSON.stringify(status)), labels: {}, fields: {} };
}

/** The store as reads of component statuses see it. */
export function componentStore(store: Store): Store {
  const view: Pick<Store, 'get' | 'list' | 'frontier'> = {
    frontier: async () => 1,
    get: async ({ name }) => (name === STORE ? ask(store) : undefined),
    async list({ name, match, after }: ListQuery): Promise<ListPage> {
      const one = await ask(store);
      const shown = after === undefined && (name ?? STORE) === STORE && (match === undefined || match(one, one.key));
      return { rv: 1, items: shown ? [one] : [], more: false };
    },
  };
  return { ...store, ...view };
}
