import type { ReplicationController } from '#kinds/generated/types.ts';
import type { Controller } from '#control/controller.ts';
import { selectorFromMap } from '#machinery/labels.ts';
import { replicasController } from '../replicas/reconcile.ts';
import { cachedSelector } from '../replicas/set.ts';

export function replicationController(): Controller {
  return replicasController({
    controller: 'replication-controller',
    resource: 'replicationcontrollers',
    kind: 'ReplicationController',
    selector: cachedSelector((set) => selectorFromMap((set as ReplicationController).spec?.selector)),
    // nobody controls them, so none has neighbours
    related: () => [],
    countsTerminating: false,
  });
}
