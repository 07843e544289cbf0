import { controllerOf } from '#control/cache/owner-index.ts';
import type { Controller } from '#control/controller.ts';
import { replicasController } from '../replicas/reconcile.ts';
import { specSelector } from '../shared/selector.ts';

export function replicaSetController(): Controller {
  return replicasController({
    controller: 'replicaset-controller',
    resource: 'replicasets.apps',
    kind: 'ReplicaSet',
    selector: specSelector,
    // the sets of one deployment; one that nobody controls has no neighbours, and chance spreads its pods
    related(set, cache) {
      const controller = controllerOf(set);
      return controller === undefined ? [] : cache.ownedBy('replicasets.apps', controller.uid);
    },
    countsTerminating: true,
  });
}
