/** Definitions that tests share, and what a controller would do to them. */
import type { Harness } from '../testing/harness.ts';

type Properties = Readonly<Record<string, unknown>>;

export const versionOf = (name: string, storage: boolean, spec: Properties, more: object = {}): object => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec }, status: { type: 'object', properties: { ready: { type: 'integer' } } } } },
  },
  ...more,
});

export function definition(): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  required: ['size'],
                  properties: {
                    size: { type: 'integer', minimum: 0 },
                    colour: { type: 'string', default: 'red', enum: ['red', 'green'] },
                    parts: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['name'],
                      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, count: { type: 'integer' } } },
                    },
                  },
                },
                status: { type: 'object', properties: { ready: { type: 'integer' } } },
              },
            },
          },
          subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.ready' } },
          additionalPrinterColumns: [
            { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
            { name: 'Colour', type: 'string', jsonPath: '.spec.colour' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          selectableFields: [{ jsonPath: '.spec.colour' }],
        },
      ],
    },
  };
}

/** Accepts the names of a definition, as the controller of definitions does. */
export async function establish(api: Harness, name: string): Promise<void> {
  const url = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const { json } = await api.request('GET', url);
  json.status = {
    ...json.status,
    acceptedNames: json.spec.names,
    conditions: ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', reason: 'Test', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' })),
  };
  const answer = await api.request('PUT', `${url}/status`, json);
  if (answer.status !== 200) throw new Error(answer.text);
}
