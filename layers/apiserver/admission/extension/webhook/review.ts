/** An AdmissionReview sent and its answer read (`plugin/webhook/request`, `util/webhook`). */
import { parseJson } from '#machinery/json-text.ts';
import { ApiError, badRequest, internalError, type Status } from '#machinery/status.ts';
import type { Backend } from '../../../backends/connect.ts';
import { postJson } from '../../../backends/post.ts';
import type { Services } from '../../../server.port.ts';
import type { AdmissionAttributes } from '../../port.ts';
import { type Matched, requestOf, type Versioned } from '../request.ts';
import type { Hook, Webhook } from './hooks.ts';

const HTTPS_PORT = 443;
const TIMEOUT_SECONDS = 10;

export interface Answer {
  readonly patch: unknown;
}

/** The webhook could not be asked, or said nothing that can be understood: its failurePolicy decides. */
export class CallFailed extends Error {
  readonly code = 'WEBHOOK_CALL';
}

interface Response {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Partial<Status>;
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

function targetOf({ clientConfig: client }: Webhook): { readonly backend: Backend; readonly path: string } {
  const common = client.caBundle ? { caBundle: client.caBundle } : {};
  if (client.service !== undefined) {
    const { namespace, name, path, port } = client.service;
    return { backend: { ...common, service: { namespace, name, port: port ?? HTTPS_PORT } }, path: path || '/' };
  }
  if (client.url === undefined) throw new Error('webhook configuration must have either service or URL');
  const url = new URL(client.url);
  return { backend: { ...common, url }, path: url.pathname };
}

/** @throws ApiError with the refusal */
function refused(name: string, status: Partial<Status> | undefined): never {
  const head = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message, reason, code = 0 } = status ?? {};
  throw new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    ...(status?.details === undefined ? {} : { details: status.details }),
    ...(reason === undefined ? {} : { reason }),
    status: 'Failure',
    message: message ? `${head}: ${message}` : reason ? `${head}: ${reason}` : `${head} without explanation`,
    code: code < 400 ? 400 : code,
  });
}

function checked(review: unknown, version: string, uid: string, mutating: boolean): Response {
  const { apiVersion = '', kind = '', response } = (typeof review === 'object' && review !== null ? review : {}) as { apiVersion?: string; kind?: string; response?: Response };
  const wrong = (why: string): never => {
    throw new Error(`received invalid webhook response: ${why}`);
  };
  if (response === undefined || response === null) return wrong('webhook response was absent');
  if (version !== 'v1') return response;
  if (response.uid !== uid) return wrong(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  const given = `${apiVersion}, Kind=${kind}`;
  if (given !== 'admission.k8s.io/v1, Kind=AdmissionReview') return wrong(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${given}`);
  const { patch = '', patchType } = response;
  if (!mutating) {
    if (patch !== '') return wrong('validating webhook may not return response.patch');
    if (patchType !== undefined) return wrong('validating webhook may not return response.patchType');
    return response;
  }
  if (patch !== '' && patchType === undefined) return wrong('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== undefined) return wrong('webhook returned response.patchType but not response.patch');
  if (patchType !== undefined && patchType !== 'JSONPatch') throw new Error(`unsupported patch type ${JSON.stringify(patchType)}`);
  return response;
}

/**
 * Asks one webhook.
 * @returns its patch, decoded; `undefined` where it has none
 * @throws ApiError for a refusal, CallFailed for a call that failed
 */
export async function ask(services: Services, { webhook }: Hook, attributes: AdmissionAttributes, matched: Matched, objects: Versioned, mutating: boolean): Promise<unknown> {
  const { name } = webhook;
  if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  const failed = (why: string, cause?: unknown): CallFailed => new CallFailed(`failed calling webhook ${JSON.stringify(name)}: ${why}`, { cause });
  const version = webhook.admissionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1');
  if (version === undefined) throw failed('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const uid = services.ids.uid();
  const request = { uid, ...requestOf(attributes, matched), object: objects.object ?? null, oldObject: objects.oldObject ?? null };
  let review: unknown;
  try {
    const { backend, path } = targetOf(webhook);
    review = await postJson(
      services,
      backend,
      { kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request },
      { path, timeoutMs: (webhook.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000 },
    );
  } catch (error) {
    throw failed(`failed to call webhook: ${(error as Error).message}`, error);
  }
  let response: Response;
  try {
    response = checked(review, version, uid, mutating);
  } catch (error) {
    throw failed((error as Error).message, error);
  }
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) attributes.annotate?.(`${name}/${key}`, value);
  for (const text of response.warnings ?? []) attributes.warn(text);
  if (response.allowed !== true) refused(name, response.status);
  if (!mutating || !response.patch) return undefined;
  let patch: unknown;
  try {
    patch = parseJson(Buffer.from(response.patch, 'base64').toString());
  } catch (error) {
    throw failed(`received undecodable patch in webhook response: ${(error as Error).message}`, error);
  }
  if (!Array.isArray(patch)) throw failed('received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  return patch.length === 0 ? undefined : patch;
}

export const internal = (error: CallFailed): ApiError => internalError(error.message, error);
