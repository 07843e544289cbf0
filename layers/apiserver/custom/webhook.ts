/** Conversion by the definition's webhook: a ConversionReview there and back (apiextensions `conversion/webhook_converter.go`). */
import type { CustomResourceDefinition } from '#kinds/generated/types.ts';
import type { KubeObject, ObjectMeta } from '#machinery/object.ts';
import { internalError } from '#machinery/status.ts';
import type { Services } from '../server.port.ts';
import type { Backend } from '../backends/connect.ts';
import { postJson } from '../backends/post.ts';
import type { AskWebhook } from './convert.ts';

/** As upstream: a conversion that takes longer fails. */
const TIMEOUT_MS = 30_000;
const HTTPS_PORT = 443;
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

interface ConversionReview {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly KubeObject[];
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

function targetOf({ metadata, spec }: CustomResourceDefinition): { readonly backend: Backend; readonly path: string } {
  const client = spec.conversion?.webhook?.clientConfig;
  const common = client?.caBundle ? { caBundle: client.caBundle } : {};
  if (client?.service !== undefined) {
    const { namespace, name, path, port } = client.service;
    return { backend: { ...common, service: { namespace, name, port: port ?? HTTPS_PORT } }, path: path ?? '/' };
  }
  if (client?.url === undefined) throw internalError(`conversion webhook of ${metadata.name} has neither a service nor a URL`);
  const url = new URL(client.url);
  return { backend: { ...common, url }, path: `${url.pathname}${url.search}` };
}

/** What a webhook may change of metadata is labels and annotations (`restoreObjectMeta`). */
function restored(original: KubeObject, converted: KubeObject, wrong: (why: string) => Error): KubeObject {
  const meta = converted.metadata as ObjectMeta | undefined;
  if (typeof meta !== 'object' || meta === null) throw wrong('missing metadata in converted object');
  const metadata: ObjectMeta = { ...original.metadata };
  for (const name of ['labels', 'annotations'] as const) {
    if (meta[name] === undefined) delete metadata[name];
    else metadata[name] = meta[name];
  }
  return { ...converted, metadata };
}

function difference(original: KubeObject, converted: KubeObject): string | undefined {
  const differs = (what: string, a: string | undefined, b: string | undefined): string | undefined =>
    (a ?? '') === (b ?? '') ? undefined : `must have the same ${what}: ${b ?? ''} != ${a ?? ''}`;
  const { metadata } = converted;
  return (
    differs('kind', original.kind, converted.kind) ??
    differs('name', original.metadata.name, metadata?.name) ??
    differs('namespace', original.metadata.namespace, metadata?.namespace) ??
    differs('UID', original.metadata.uid, metadata?.uid)
  );
}

export function conversionWebhook(services: () => Services): AskWebhook {
  return async (definition, objects, apiVersion) => {
    const { spec } = definition;
    const review = spec.conversion?.webhook?.conversionReviewVersions.find((version) => REVIEW_VERSIONS.includes(version));
    const from = objects[0]!;
    const failed = (why: string, cause?: unknown): Error => internalError(`conversion webhook for ${from.apiVersion}, Kind=${from.kind} failed: ${why}`, cause);
    if (review === undefined) throw failed('no supported conversion review version');
    const uid = services().ids.uid();
    const request = { uid, desiredAPIVersion: apiVersion, objects };
    let answer: ConversionReview;
    try {
      const { backend, path } = targetOf(definition);
      const body = { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${review}`, request };
      answer = (await postJson(services(), backend, body, { path, timeoutMs: TIMEOUT_MS })) as ConversionReview;
    } catch (error) {
      throw failed((error as Error).message, error);
    }
    const { response } = answer;
    if (answer.kind !== 'ConversionReview' || answer.apiVersion !== `apiextensions.k8s.io/${review}`)
      throw failed(`expected webhook response of apiextensions.k8s.io/${review}, Kind=ConversionReview, got ${answer.apiVersion ?? ''}, Kind=${answer.kind ?? ''}`);
    if (response === undefined) throw failed('no response provided');
    if (response.uid !== uid) throw failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
    if (response.result?.status !== 'Success') throw failed(response.result?.message ?? 'response.result.status was not Success');
    const converted = response.convertedObjects ?? [];
    if (converted.length !== objects.length) throw failed(`webhook returned ${converted.length} objects, expected ${objects.length}`);
    return converted.map((object, at) => {
      const wrong = (why: string): Error => internalError(`conversion webhook for ${from.apiVersion}, Kind=${from.kind} returned invalid converted object at index ${at}: ${why}`);
      if (object.apiVersion !== apiVersion) throw wrong(`invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion})`);
      const differs = difference(objects[at]!, object);
      if (differs !== undefined) throw wrong(differs);
      return restored(objects[at]!, object, wrong);
    });
  };
}
