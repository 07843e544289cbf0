/** The objects that the rows make. */
import { encodeEnvelope } from '#kinds/codec/codec.ts';
import { schemaOfKind } from '#kinds/schema.ts';
import type { KubeObject } from '#machinery/object.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
/** Of a JSON body of the core group. */
export function asProtobuf(json: string): Uint8Array {
  const object = JSON.parse(json) as KubeObject;
  return encodeEnvelope(schemaOfKind('', 'v1', object.kind)!, object);
}

/** Two KB, as JSON. */
export const configMap = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'x'.repeat(1800) } });
/** No scheduler knows these pods: what is measured is the API server. */
export const pod = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' } },
    spec: {
      schedulerName: 'nobody',
      containers: [
        {
          name: 'c',
          image: 'example/bench:1',
          ports: [{ containerPort: 80 }],
          env: Array.from({ length: 10 }, (_, index) => ({ name: `V${index}`, value: `value ${index}` })),
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
        },
      ],
    },
  });

export const smallConfigMap = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'value' } });
