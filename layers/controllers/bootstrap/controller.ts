/** Keeps the cluster's own objects in place: made at the start, and again when one is deleted or the API's address changes. */
import type { Client } from '#control/client.ts';
import type { Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import type { KubeObject } from '#machinery/object.ts';
import { ApiError, isAlreadyExists, isNotFound } from '#machinery/status.ts';
import { nameOf, namespaceOf, sameJson } from '../shared/keys.ts';
import { flowControl } from './flow-control.ts';
import { type BootstrapObject, bootstrapObjects, type BootstrapOptions, namespaces } from './objects.ts';

const keyFor = ({ resource, object }: BootstrapObject): Key => `${resource}/${namespaceOf(object)}/${nameOf(object)}`;

/** True where `actual` says all that `wanted` says. */
function covers(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return sameJson(actual, wanted);
  return typeof actual === 'object' && actual !== null && Object.entries(wanted).every(([key, value]) => covers((actual as Record<string, unknown>)[key], value));
}

async function ensure({ resource, object, enforce }: BootstrapObject, client: Client): Promise<void> {
  let current: KubeObject | undefined;
  try {
    current = await client.get(resource, namespaceOf(object), nameOf(object));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    if (current === undefined) await client.create(resource, object);
    else if (enforce === true && !covers(current, object))
      await client.update(resource, { ...current, ...object, metadata: { ...current.metadata, labels: { ...current.metadata.labels, ...object.metadata.labels } } });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** A resource that this API server does not have (yet): its bootstrap object comes with it. */
const isUnserved = (error: unknown): boolean => error instanceof ApiError && error.status.code === 404 && error.status.details?.name === undefined;

/**
 * For a start: resolves when everything is there. Namespaces come first, the rest in parallel; a resource that is not served is
 * skipped.
 */
export async function bootstrap(options: BootstrapOptions, client: Client): Promise<void> {
  for (const one of namespaces) await ensure(one, client);
  await Promise.all(
    bootstrapObjects(options, flowControl)
      .filter((one) => one.resource !== 'namespaces')
      .map((one) =>
        ensure(one, client).catch((error: unknown) => {
          if (!isUnserved(error)) throw error;
        }),
      ),
  );
}

export function bootstrapController(options: BootstrapOptions): Controller {
  const objects = new Map(bootstrapObjects(options, flowControl).map((one) => [keyFor(one), one]));

  async function reconcile(key: Key, { client }: ControllerContext): Promise<Result> {
    const one = objects.get(key);
    if (one !== undefined) {
      await ensure(one, client).catch((error: unknown) => {
        if (!isUnserved(error)) throw error;
      });
    }
    return {};
  }

  const resources = [...new Set([...objects.values()].map(({ resource }) => resource))];
  return {
    name: 'bootstrap-controller',
    watches: resources.map((resource) => ({
      resource,
      keep: 'metadata' as const,
      keys: ({ old, now }: Mapped): readonly Key[] => {
        const key = `${resource}/${namespaceOf((now ?? old)!)}/${nameOf((now ?? old)!)}`;
        const known = objects.get(key);
        return known !== undefined && (now === undefined || known.enforce === true) ? [key] : [];
      },
    })),
    reconcile,
  };
}
