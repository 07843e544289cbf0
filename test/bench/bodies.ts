/** The objects that the rows make. */

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
