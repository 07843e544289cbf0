/** The controllers of a cluster: those that a kube-apiserver runs itself, and those of a kube-controller-manager. */
import type { Controller } from '#control/controller.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { type AvailabilityOptions, apiServiceAvailability } from './apiservice-availability/controller.ts';
import { localApiServices } from './apiservice-local/controller.ts';
import { bootstrapController } from './bootstrap/controller.ts';
import type { BootstrapOptions } from './bootstrap/objects.ts';
import { daemonSetController } from './daemonset/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { csrApprover } from './certificates/approver.ts';
import { csrCleaner } from './certificates/cleaner.ts';
import { type CertificateAuthority, csrSigner } from './certificates/signer.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/controller.ts';
import { cronJobController } from './cronjob/controller.ts';
import { disruptionController } from './disruption/controller.ts';
import { crdFinalizer } from './crd-finalizer/controller.ts';
import { crdStatusController } from './crd-status/controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/controller.ts';
import { garbageCollector } from './garbage-collector/controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import type { ReadMetricsApi } from './horizontal-pod-autoscaler/custom-metrics.ts';
import type { ReadMetrics } from './horizontal-pod-autoscaler/metrics.ts';
import { hostPathProvisioner, type HostPathVolumes } from './host-path-provisioner/controller.ts';
import { jobController } from './job/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeIpamController } from './node-ipam/controller.ts';
import { nodeLifecycleController, type NodeLifecycleOptions } from './node-lifecycle/controller.ts';
import { persistentVolumeBinder } from './persistentvolume-binder/controller.ts';
import { podGcController } from './pod-gc/controller.ts';
import { pvProtectionController } from './pv-protection/controller.ts';
import { pvcProtectionController } from './pvc-protection/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';
import { replicationController } from './replication/controller.ts';
import { resourceClaimController } from './resourceclaim/controller.ts';
import { resourceQuotaController } from './resourcequota/controller.ts';
import { rootCaPublisher } from './root-ca-publisher/controller.ts';
import { serviceAccountController } from './serviceaccount/controller.ts';
import { type SecretTokenOptions, serviceAccountTokenController } from './serviceaccount-token/controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts';
import { statefulSetController } from './statefulset/controller.ts';
import { validatingAdmissionPolicyStatus } from './validatingadmissionpolicy-status/controller.ts';
import { taintEvictionController } from './taint-eviction/controller.ts';

export interface ControllersOptions {
  readonly registry: KindRegistry;
  /** PEM of the cluster's CA, published in every namespace. */
  readonly caBundle: string;
  /** The pods' range, such as 10.244.0.0/16. */
  readonly clusterCidr: string;
  readonly bootstrap: BootstrapOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  /** Whether the server behind an APIService answers. Absent where none can be reached: their conditions stay as they are. */
  readonly probeApiService?: AvailabilityOptions['probe'];
  /** Absent: the cluster makes no volumes by itself, and has no class for them. */
  readonly hostPathVolumes?: HostPathVolumes;
  /** Signs what was approved; absent: certificates are another's affair. */
  readonly authority?: CertificateAuthority;
  /** Tokens for secrets that ask for one; absent: such secrets stay empty. */
  readonly secretToken?: SecretTokenOptions['token'];
  /** What pods use, for autoscalers; absent: nobody knows. */
  readonly podMetrics?: ReadMetrics;
  /** Values of registered servers of metrics, for autoscalers; absent: none can be reached. */
  readonly metricsApi?: ReadMetricsApi;
}

/** What belongs to the API server, whoever runs the other controllers. */
export const apiServerControllers = ({ registry, bootstrap, probeApiService }: ControllersOptions): readonly Controller[] => [
  bootstrapController(bootstrap),
  crdStatusController({ registry }),
  crdFinalizer(),
  localApiServices({ registry }),
  ...(probeApiService === undefined ? [] : [apiServiceAvailability({ probe: probeApiService })]),
];

export function clusterControllers(options: ControllersOptions): readonly Controller[] {
  const { registry, caBundle, clusterCidr, nodeLifecycle, hostPathVolumes, authority, secretToken, podMetrics, metricsApi } = options;
  return [
    ...apiServerControllers(options),
    namespaceController({ registry }),
    serviceAccountController(),
    rootCaPublisher({ caBundle }),
    garbageCollector({ registry }),
    resourceQuotaController(),
    replicationController(),
    replicaSetController(),
    deploymentController(),
    statefulSetController(),
    daemonSetController(),
    jobController(),
    cronJobController(),
    ttlAfterFinishedController(),
    disruptionController({ registry }),
    horizontalPodAutoscalerController({ registry, ...(podMetrics === undefined ? {} : { metrics: podMetrics }), ...(metricsApi === undefined ? {} : { metricsApi }) }),
    clusterRoleAggregationController(),
    validatingAdmissionPolicyStatus({ registry }),
    csrApprover(),
    csrCleaner(),
    ...(authority === undefined ? [] : [csrSigner(authority)]),
    ...(secretToken === undefined ? [] : [serviceAccountTokenController({ caBundle, token: secretToken })]),
    persistentVolumeBinder(),
    pvProtectionController(),
    pvcProtectionController(),
    ephemeralVolumeController(),
    resourceClaimController(),
    ...(hostPathVolumes === undefined ? [] : [hostPathProvisioner(hostPathVolumes)]),
    endpointsController(),
    endpointSliceController(),
    endpointSliceMirroringController(),
    nodeIpamController({ clusterCidr }),
    nodeLifecycleController(nodeLifecycle),
    taintEvictionController(),
    podGcController(),
  ];
}
