/** Objects as the API server stores them, of the usual size. */
const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const AT = '2026-03-01T12:00:04Z';

/** A running pod of a deployment, with what two managers say of its fields: 3.6 KB. */
export function podBody(name: string, rv: number, node = 'node-1'): Uint8Array {
  const uid = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
  return encode({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: 'web-7d4b9c6f5-',
      namespace: 'default',
      uid,
      resourceVersion: String(rv),
      generation: 1,
      creationTimestamp: AT,
      labels: { app: 'web', tier: 'front', 'pod-template-hash': '7d4b9c6f5' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4b9c6f5', uid: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', controller: true, blockOwnerDeletion: true },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time: AT,
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': {
              'f:generateName': {},
              'f:labels': { '.': {}, 'f:app': {}, 'f:tier': {}, 'f:pod-template-hash': {} },
              'f:ownerReferences': { '.': {}, 'k:{"uid":"6ba7b810-9dad-41d1-80b4-00c04fd430c8"}': {} },
            },
            'f:spec': {
              'f:containers': {
                'k:{"name":"web"}': {
                  '.': {},
                  'f:env': { '.': {}, 'k:{"name":"PORT"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                  'f:image': {},
                  'f:imagePullPolicy': {},
                  'f:name': {},
                  'f:ports': {},
                  'f:resources': {},
                  'f:terminationMessagePath': {},
                  'f:terminationMessagePolicy': {},
                },
              },
              'f:dnsPolicy': {},
              'f:enableServiceLinks': {},
              'f:restartPolicy': {},
              'f:schedulerName': {},
              'f:securityContext': {},
              'f:terminationGracePeriodSeconds': {},
            },
          },
        },
        {
          manager: 'kubelet',
          operation: 'Update',
          apiVersion: 'v1',
          time: AT,
          fieldsType: 'FieldsV1',
          subresource: 'status',
          fieldsV1: {
            'f:status': {
              'f:conditions': {
                'k:{"type":"ContainersReady"}': { '.': {}, 'f:lastTransitionTime': {}, 'f:status': {}, 'f:type': {} },
                'k:{"type":"Ready"}': { '.': {}, 'f:status': {}, 'f:type': {} },
              },
              'f:containerStatuses': {},
              'f:hostIP': {},
              'f:phase': {},
              'f:podIP': {},
              'f:podIPs': {},
              'f:startTime': {},
            },
          },
        },
      ],
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'registry.example.com/team/web:1.2.3',
          env: [{ name: 'PORT', value: '8080' }],
          ports: [{ containerPort: 8080, protocol: 'TCP' }],
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
          volumeMounts: [{ name: 'kube-api-access-x2x7q', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      nodeName: node,
      securityContext: {},
      schedulerName: 'default-scheduler',
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {
      phase: 'Running',
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: AT,
      })),
      hostIP: '10.0.0.17',
      hostIPs: [{ ip: '10.0.0.17' }],
      podIP: '10.1.0.7',
      podIPs: [{ ip: '10.1.0.7' }],
      startTime: AT,
      containerStatuses: [
        {
          name: 'web',
          state: { running: { startedAt: AT } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: 'registry.example.com/team/web:1.2.3',
          imageID: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          containerID: 'docker://2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
          started: true,
        },
      ],
      qosClass: 'Burstable',
    },
  });
}

export const leaseBody = (node: string, rv: number): Uint8Array =>
  encode({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: node, namespace: 'kube-node-lease', uid: '8f14e45f-ceea-467f-a8d3-1d2b6c5b0e11', resourceVersion: String(rv), creationTimestamp: AT },
    spec: { holderIdentity: node, leaseDurationSeconds: 40, renewTime: '2026-03-01T12:00:04.000000Z' },
  });

export const eventBody = (name: string, rv: number): Uint8Array =>
  encode({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default', uid: 'c9f0f895-fb98-4b91-9d4d-5d8b6a7e2f10', resourceVersion: String(rv), creationTimestamp: AT },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'default',
      name: 'web-7d4b9c6f5-x2x7q',
      uid: '1b4e28ba-2fa1-41d2-883f-0016d3cca427',
      fieldPath: 'spec.containers{web}',
    },
    reason: 'Pulled',
    message: 'Container image "registry.example.com/team/web:1.2.3" already present on machine',
    source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: AT,
    lastTimestamp: AT,
    count: 1,
    type: 'Normal',
    eventTime: null,
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
  });
