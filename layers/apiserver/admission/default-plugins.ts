/** The chain of a cluster, in Kubernetes' order (`kubeapiserver/options/plugins.go`). Quota is last: nothing refuses after it has charged. */
import type { Random } from '#machinery/clock.ts';
import type { Services } from '../server.port.ts';
import { mutatingPolicies } from './extension/policy/mutating.ts';
import { validatingPolicies } from './extension/policy/validating.ts';
import { mutatingWebhooks, validatingWebhooks } from './extension/webhook/plugins.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { podSecurity } from './plugins/pod-security/plugin.ts';
import { priority } from './plugins/priority.ts';
import { resourceQuota } from './plugins/resource-quota.ts';
import { runtimeClass } from './plugins/runtime-class.ts';
import { serviceAccount } from './plugins/service-account.ts';
import { serviceAllocation } from './plugins/service-allocation/plugin.ts';
import { defaultIngressClass, defaultStorageClass, storageObjectInUseProtection } from './plugins/storage.ts';
import { taintNodesByCondition } from './plugins/taint-nodes.ts';
import type { RbacState } from '../authz/rbac/state.ts';
import { rbacEscalation } from '../authz/rbac/escalation.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './plugins/certificates.ts';
import { claimResize } from './plugins/claim-resize.ts';
import { podTopologyLabels } from './plugins/pod-topology-labels.ts';
import type { AdmissionPlugin } from './port.ts';

export interface AdmissionOptions {
  readonly serviceCIDR: string;
  readonly nodePorts: readonly [number, number];
  /** How long pods stay on a node that was lost, unless they say otherwise. */
  readonly defaultTolerationSeconds: number;
  readonly random: Random;
  /** The server whose chain this is, once it stands: what policies and webhooks ask and call. Without it there are none. */
  readonly services?: () => Services;
  /** Who holds what: whoever writes roles is checked against it. */
  readonly rbac?: RbacState;
}

export function defaultPlugins(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { services, rbac } = options;
  return [
    namespaceLifecycle,
    limitRanger,
    serviceAccount,
    nodeRestriction(services),
    taintNodesByCondition,
    podSecurity,
    priority,
    defaultTolerationSeconds(options.defaultTolerationSeconds),
    defaultStorageClass,
    storageObjectInUseProtection,
    claimResize,
    runtimeClass,
    ...(services === undefined ? [] : [certificateApproval(services), certificateSigning(services)]),
    certificateSubjectRestriction,
    defaultIngressClass,
    podTopologyLabels,
    ...(services === undefined || rbac === undefined
      ? []
      : [
          rbacEscalation(
            () => rbac,
            () => services().authorizer,
          ),
        ]),
    serviceAllocation({ serviceCIDR: options.serviceCIDR, nodePorts: options.nodePorts, random: options.random }),
    ...(services === undefined ? [] : [mutatingPolicies(services), mutatingWebhooks(services), validatingPolicies(services), validatingWebhooks(services)]),
    resourceQuota(),
  ];
}
