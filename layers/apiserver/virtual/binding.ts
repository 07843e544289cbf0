/** `pods/binding` and the older `bindings`: a scheduler puts a pod on a node (`registry/core/pod/storage`). */
import { notSupported, required } from '#machinery/field-error.ts';
import type { KubeObject } from '#machinery/object.ts';
import { badRequest, conflict, invalidObject, success } from '#machinery/status.ts';
import { timestamp } from '#machinery/time.ts';
import { callFor, type Condition, mutate, setCondition } from './mutate.ts';
import type { VirtualHandler, VirtualRequest } from './port.ts';

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

interface Pod extends KubeObject {
  spec: { nodeName?: string; schedulingGates?: readonly unknown[] };
  status?: { conditions?: Condition[] };
}

const REF = { group: '', resource: 'pods/binding' };

function validate(binding: Binding, name: string): void {
  const errors = [];
  const kind = binding.target?.kind ?? '';
  if (kind !== '' && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']));
  if (!binding.target?.name) errors.push(required('target.name'));
  if (errors.length > 0) throw invalidObject('', 'Binding', name, errors);
}

function refusal(pod: Pod, binding: Binding, name: string): string | undefined {
  const { uid, resourceVersion } = binding.metadata;
  if (uid && uid !== pod.metadata.uid) return `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`;
  if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion)
    return `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion}`;
  if (pod.metadata.deletionTimestamp !== undefined) return `pod ${name} is being deleted, cannot be assigned to a host`;
  if (pod.spec.nodeName) return `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`;
  if ((pod.spec.schedulingGates ?? []).length > 0) return `pod ${name} has non-empty .spec.schedulingGates`;
  return undefined;
}

async function bind(request: VirtualRequest, name: string): Promise<{ object: KubeObject }> {
  const binding = request.object as Binding;
  validate(binding, name);
  const now = timestamp(request.services.clock.now());
  await mutate<Pod>(callFor(request, 'pods', request.namespace, name), request.dryRun, (pod) => {
    const why = refusal(pod, binding, name);
    if (why !== undefined) throw conflict(REF, name, why);
    pod.spec.nodeName = binding.target!.name!;
    const { labels, annotations } = binding.metadata;
    if (annotations !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
    if (labels !== undefined) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
    const conditions = ((pod.status ??= {}).conditions ??= []);
    const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
    setCondition(conditions, { type: 'PodScheduled', status: 'True' }, now);
    // why it could not be scheduled before is no longer so
    if (scheduled !== undefined) {
      delete scheduled.reason;
      delete scheduled.message;
    }
  });
  return { object: { ...success(), code: 201 } as unknown as KubeObject };
}

const BODY = { group: '', version: 'v1', kind: 'Binding' } as const;

export const podBinding: VirtualHandler = {
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: 'binding',
  namespaced: true,
  body: BODY,
  async create(request) {
    if (request.object.metadata.name !== request.name) throw badRequest('name in URL does not match name in Binding object');
    return bind(request, request.name);
  },
};

export const bindings: VirtualHandler = {
  group: '',
  version: 'v1',
  resource: 'bindings',
  subresource: '',
  namespaced: true,
  body: BODY,
  async create(request) {
    const { name } = request.object.metadata;
    if (!name) throw invalidObject('', 'Binding', '', [required('metadata.name')]);
    return bind(request, name);
  },
};
