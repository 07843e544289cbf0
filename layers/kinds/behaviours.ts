/** The behaviours of built-in kinds, by resource and version. A kind that is not here has the generic behaviour. */
import type { Behaviour } from './behaviour.ts';
import { lease } from './coordination/lease.ts';
import { namespace } from './core/namespace.ts';
import { node } from './core/node.ts';
import { pod } from './core/pod/pod.ts';
import { replicationController } from './core/replication-controller.ts';
import { service } from './core/service.ts';
import { configMap, endpoints, event, limitRange, resourceQuota, secret, serviceAccount } from './core/simple.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac/rbac.ts';

export const behaviours: Readonly<Record<string, Readonly<Record<string, Behaviour>>>> = {
  configmaps: { v1: configMap },
  endpoints: { v1: endpoints },
  events: { v1: event },
  limitranges: { v1: limitRange },
  namespaces: { v1: namespace },
  nodes: { v1: node },
  pods: { v1: pod },
  replicationcontrollers: { v1: replicationController },
  resourcequotas: { v1: resourceQuota },
  secrets: { v1: secret },
  serviceaccounts: { v1: serviceAccount },
  services: { v1: service },
  'clusterrolebindings.rbac.authorization.k8s.io': { v1: clusterRoleBinding },
  'clusterroles.rbac.authorization.k8s.io': { v1: clusterRole },
  'leases.coordination.k8s.io': { v1: lease },
  'rolebindings.rbac.authorization.k8s.io': { v1: roleBinding },
  'roles.rbac.authorization.k8s.io': { v1: role },
};
