/** The behaviours of built-in kinds, by resource and version. A kind that is not here has the generic behaviour. */
import { mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding, validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from './admissionregistration/policies.ts';
import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from './admissionregistration/webhooks.ts';
import { controllerRevision } from './apps/controller-revision.ts';
import { daemonSet } from './apps/daemon-set.ts';
import { deployment } from './apps/deployment.ts';
import { replicaSet } from './apps/replica-set.ts';
import { statefulSet } from './apps/stateful-set.ts';
import { customResourceDefinition } from './apiextensions/crd.ts';
import { apiService } from './apiregistration/api-service.ts';
import type { Behaviour } from './behaviour.ts';
import { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1 } from './autoscaling/v1.ts';
import { cronJob } from './batch/cron-job.ts';
import { job } from './batch/job.ts';
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts';
import { lease } from './coordination/lease.ts';
import { configMap } from './core/config-map.ts';
import { endpoints } from './core/endpoints.ts';
import { event } from './core/event.ts';
import { limitRange } from './core/limit-range.ts';
import { namespace } from './core/namespace.ts';
import { node } from './core/node.ts';
import { persistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { persistentVolume } from './core/persistent-volume.ts';
import { podTemplate } from './core/pod-template.ts';
import { pod } from './core/pod/pod.ts';
import { replicationController } from './core/replication-controller.ts';
import { resourceQuota } from './core/resource-quota.ts';
import { secret } from './core/secret.ts';
import { serviceAccount } from './core/service-account.ts';
import { service } from './core/service/service.ts';
import { endpointSlice } from './discovery/endpoint-slice.ts';
import { newEvent } from './events/event.ts';
import { flowSchema } from './flowcontrol/flow-schema.ts';
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts';
import { ingressClass } from './networking/ingress-class.ts';
import { ingress } from './networking/ingress.ts';
import { ipAddress } from './networking/ip-address.ts';
import { networkPolicy } from './networking/network-policy.ts';
import { serviceCIDR } from './networking/service-cidr.ts';
import { runtimeClass } from './node/runtime-class.ts';
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts';
import { clusterRoleBinding, roleBinding } from './rbac/binding.ts';
import { clusterRole, role } from './rbac/role.ts';
import { deviceClass } from './resource/device-class.ts';
import { resourceClaimTemplate } from './resource/resource-claim-template.ts';
import { resourceClaim } from './resource/resource-claim.ts';
import { resourceSlice } from './resource/resource-slice.ts';
import { priorityClass } from './scheduling/priority-class.ts';
import { csiDriver } from './storage/csi-driver.ts';
import { csiNode } from './storage/csi-node.ts';
import { csiStorageCapacity } from './storage/csi-storage-capacity.ts';
import { storageClass } from './storage/storage-class.ts';
import { volumeAttachment } from './storage/volume-attachment.ts';
import { volumeAttributesClass } from './storage/volume-attributes-class.ts';

export const behaviours: Readonly<Record<string, Readonly<Record<string, Behaviour>>>> = {
  configmaps: { v1: configMap },
  endpoints: { v1: endpoints },
  events: { v1: event },
  limitranges: { v1: limitRange },
  namespaces: { v1: namespace },
  nodes: { v1: node },
  persistentvolumeclaims: { v1: persistentVolumeClaim },
  persistentvolumes: { v1: persistentVolume },
  pods: { v1: pod },
  podtemplates: { v1: podTemplate },
  replicationcontrollers: { v1: replicationController },
  resourcequotas: { v1: resourceQuota },
  secrets: { v1: secret },
  serviceaccounts: { v1: serviceAccount },
  services: { v1: service },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': { v1: mutatingAdmissionPolicy },
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': { v1: mutatingAdmissionPolicyBinding },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { v1: mutatingWebhookConfiguration },
  'validatingadmissionpolicies.admissionregistration.k8s.io': { v1: validatingAdmissionPolicy },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': { v1: validatingAdmissionPolicyBinding },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { v1: validatingWebhookConfiguration },
  'apiservices.apiregistration.k8s.io': { v1: apiService },
  'customresourcedefinitions.apiextensions.k8s.io': { v1: customResourceDefinition },
  'controllerrevisions.apps': { v1: controllerRevision },
  'daemonsets.apps': { v1: daemonSet },
  'deployments.apps': { v1: deployment },
  'replicasets.apps': { v1: replicaSet },
  'statefulsets.apps': { v1: statefulSet },
  'horizontalpodautoscalers.autoscaling': { v1: horizontalPodAutoscalerV1, v2: horizontalPodAutoscaler },
  'cronjobs.batch': { v1: cronJob },
  'jobs.batch': { v1: job },
  'certificatesigningrequests.certificates.k8s.io': { v1: certificateSigningRequest },
  'leases.coordination.k8s.io': { v1: lease },
  'endpointslices.discovery.k8s.io': { v1: endpointSlice },
  'events.events.k8s.io': { v1: newEvent },
  'flowschemas.flowcontrol.apiserver.k8s.io': { v1: flowSchema },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': { v1: priorityLevelConfiguration },
  'ingressclasses.networking.k8s.io': { v1: ingressClass },
  'ingresses.networking.k8s.io': { v1: ingress },
  'ipaddresses.networking.k8s.io': { v1: ipAddress },
  'networkpolicies.networking.k8s.io': { v1: networkPolicy },
  'servicecidrs.networking.k8s.io': { v1: serviceCIDR },
  'runtimeclasses.node.k8s.io': { v1: runtimeClass },
  'poddisruptionbudgets.policy': { v1: podDisruptionBudget },
  'clusterrolebindings.rbac.authorization.k8s.io': { v1: clusterRoleBinding },
  'clusterroles.rbac.authorization.k8s.io': { v1: clusterRole },
  'rolebindings.rbac.authorization.k8s.io': { v1: roleBinding },
  'roles.rbac.authorization.k8s.io': { v1: role },
  'deviceclasses.resource.k8s.io': { v1: deviceClass },
  'resourceclaims.resource.k8s.io': { v1: resourceClaim },
  'resourceclaimtemplates.resource.k8s.io': { v1: resourceClaimTemplate },
  'resourceslices.resource.k8s.io': { v1: resourceSlice },
  'priorityclasses.scheduling.k8s.io': { v1: priorityClass },
  'csidrivers.storage.k8s.io': { v1: csiDriver },
  'csinodes.storage.k8s.io': { v1: csiNode },
  'csistoragecapacities.storage.k8s.io': { v1: csiStorageCapacity },
  'storageclasses.storage.k8s.io': { v1: storageClass },
  'volumeattachments.storage.k8s.io': { v1: volumeAttachment },
  'volumeattributesclasses.storage.k8s.io': { v1: volumeAttributesClass },
};
