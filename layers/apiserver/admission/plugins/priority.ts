/** Priority: a pod's number comes from its class, or from the class that is the default; clients do not set it themselves. */
import type { Pod, PriorityClass } from '#kinds/generated/types.ts';
import { forbiddenRequest } from '#machinery/status.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../port.ts';
import { read, readAll } from '../read.ts';

const CLASSES = 'priorityclasses.scheduling.k8s.io';
const CLASS_REF = { group: 'scheduling.k8s.io', resource: 'priorityclasses' } as const;
const POD_REF = { group: '', resource: 'pods' } as const;

const isPod = ({ group, resource, subresource, operation }: AdmissionAttributes): boolean => group === '' && resource === 'pods' && subresource === '' && operation === 'CREATE';
const isClass = ({ group, resource }: AdmissionAttributes): boolean => group === CLASS_REF.group && resource === CLASS_REF.resource;

/** What was found last in a store, and as of when: classes change once in a while, pods are made all the time. */
const last = new WeakMap<Store, { readonly frontier: number; readonly found: PriorityClass | undefined }>();

async function defaultClass(store: Store): Promise<PriorityClass | undefined> {
  const frontier = await store.frontier(CLASSES);
  const known = last.get(store);
  if (known?.frontier === frontier) return known.found;
  // more than one may be there for a moment: the lowest disturbs least
  const [found] = (await readAll<PriorityClass>(store, CLASSES)).filter(({ globalDefault }) => globalDefault === true).toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0));
  last.set(store, { frontier, found });
  return found;
}

export const priority: AdmissionPlugin = {
  name: 'Priority',
  complete: true,
  handles: (attributes) => isPod(attributes) || (isClass(attributes) && (attributes.operation === 'CREATE' || attributes.operation === 'UPDATE')),
  async admit(attributes, { store }) {
    if (!isPod(attributes)) return;
    const spec = (attributes.object as Pod).spec;
    if (spec === undefined) return;
    const named = spec.priorityClassName;
    const found = named ? await read<PriorityClass>(store, CLASSES, '', named) : await defaultClass(store);
    if (named && found === undefined) throw forbiddenRequest(POD_REF, attributes.name, `no PriorityClass with name ${named} was found`);
    const value = found?.value ?? 0;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw forbiddenRequest(
        POD_REF,
        attributes.name,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    if (found !== undefined && !named) spec.priorityClassName = found.metadata.name!;
    const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw forbiddenRequest(
        POD_REF,
        attributes.name,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = policy;
  },
  async validate(attributes, { store }) {
    if (!isClass(attributes)) return;
    const object = attributes.object as PriorityClass;
    if (object.globalDefault !== true) return;
    const other = await defaultClass(store);
    if (other !== undefined && other.metadata.name !== object.metadata.name) {
      throw forbiddenRequest(CLASS_REF, attributes.name, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
    }
  },
};
