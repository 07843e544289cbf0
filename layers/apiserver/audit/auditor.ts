/** From requests to audit events: what the policy keeps, at the stages it asks for. */
import { decodeObject } from '#kinds/codec/codec.ts';
import type { Clock } from '#machinery/clock.ts';
import { parseJson } from '#machinery/json-text.ts';
import type { Status } from '#machinery/status.ts';
import { microTimestamp } from '#machinery/time.ts';
import type { User } from '../authn/port.ts';
import type { ApiRequest, ApiResponse, StreamBody } from '../door.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import { type AuditEvent, type AuditSink, auditUser, type Stage } from './event.ts';
import { type Applied, applied, type AuditPolicy } from './policy.ts';

/** One request on its way. */
export interface AuditTrail {
  /** Annotations that admission and authorization leave. */
  readonly annotations: Record<string, string>;
  /** @param constraint the narrow verb that allowed it */
  impersonated(user: User, constraint: string | undefined): void;
  /** The answer, with a body that tells when it ended where it is a stream. */
  answered(response: ApiResponse): ApiResponse;
  /** For connections that were taken over: nothing more is seen of them. */
  upgraded(code: number): void;
}

export interface Auditor {
  /** `undefined` where the policy keeps nothing of the request. @param user who really asks, before impersonation */
  begin(request: ApiRequest, info: RequestInfo, user: User, id: string): AuditTrail | undefined;
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Bodies of up to this are kept; larger ones are told of by their absence. Bytes. */
const BODY_LIMIT = 1024 * 1024;

function objectOf(bytes: Uint8Array | undefined, contentType: string): unknown {
  if (bytes === undefined || bytes.byteLength === 0 || bytes.byteLength > BODY_LIMIT) return undefined;
  try {
    if (contentType.startsWith(PROTOBUF)) return decodeObject(bytes);
    return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    // not what it says: the request is refused for it
    return undefined;
  }
}

function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { metadata, items, ...rest } = value as { metadata?: object; items?: readonly unknown[] };
  const { managedFields: _, ...meta } = (metadata ?? {}) as { managedFields?: unknown };
  return {
    ...rest,
    ...(metadata === undefined ? {} : { metadata: meta }),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : items === undefined ? {} : { items }),
  };
}

const isStream = (body: ApiResponse['body']): body is StreamBody => typeof body === 'object' && 'start' in body;

function bodyBytes(body: ApiResponse['body']): Uint8Array | undefined {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  return isStream(body) ? undefined : Buffer.concat(body as readonly Uint8Array[]);
}

function objectRef({ isResource, resource, namespace, name, group, version, subresource }: RequestInfo): AuditEvent['objectRef'] {
  if (!isResource) return undefined;
  return {
    resource,
    ...(namespace === '' ? {} : { namespace }),
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { apiGroup: group }),
    apiVersion: version,
    ...(subresource === '' ? {} : { subresource }),
  };
}

class Trail implements AuditTrail {
  readonly annotations: Record<string, string> = {};
  readonly #base: Omit<AuditEvent, 'stage' | 'stageTimestamp'>;
  readonly #rule: Applied;
  readonly #sink: AuditSink;
  readonly #clock: Clock;
  #impersonated: User | undefined;
  #constraint: string | undefined;

  constructor(base: Omit<AuditEvent, 'stage' | 'stageTimestamp'>, rule: Applied, sink: AuditSink, clock: Clock) {
    this.#base = base;
    this.#rule = rule;
    this.#sink = sink;
    this.#clock = clock;
  }

  emit(stage: Stage, more: Partial<AuditEvent> = {}): void {
    if (this.#rule.omitStages.has(stage)) return;
    this.#sink({
      ...this.#base,
      ...(this.#impersonated === undefined ? {} : { impersonatedUser: auditUser(this.#impersonated) }),
      ...(this.#constraint === undefined ? {} : { authenticationMetadata: { impersonationConstraint: this.#constraint } }),
      stage,
      ...more,
      stageTimestamp: microTimestamp(this.#clock.now()),
      ...(Object.keys(this.annotations).length === 0 ? {} : { annotations: { ...this.annotations } }),
    });
  }

  impersonated(user: User, constraint: string | undefined): void {
    this.#impersonated = user;
    this.#constraint = constraint;
  }

  upgraded(code: number): void {
    this.emit(code === 101 ? 'ResponseStarted' : 'ResponseComplete', { responseStatus: { metadata: {}, code } });
  }

  answered(response: ApiResponse): ApiResponse {
    const { body, status: code } = response;
    const type = String(response.headers['content-type'] ?? '');
    const failed = code >= 400 ? (objectOf(bodyBytes(body), type) as Partial<Status> | undefined) : undefined;
    const responseStatus: Partial<Status> =
      failed?.kind === 'Status'
        ? {
            metadata: {},
            status: 'Failure',
            ...(failed.message === undefined ? {} : { message: failed.message }),
            ...(failed.reason === undefined ? {} : { reason: failed.reason }),
            ...(failed.details === undefined ? {} : { details: failed.details }),
            code,
          }
        : { metadata: {}, code };
    if (!isStream(body)) {
      const object = this.#rule.level === 'RequestResponse' && response.headers['content-encoding'] === undefined ? objectOf(bodyBytes(body), type) : undefined;
      this.emit('ResponseComplete', { responseStatus, ...(object === undefined ? {} : { responseObject: this.#rule.omitManagedFields ? withoutManagedFields(object) : object }) });
      return response;
    }
    this.emit('ResponseStarted', { responseStatus });
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      this.emit('ResponseComplete', { responseStatus });
    };
    return {
      ...response,
      body: {
        start: (sink) => {
          sink.onClose(end);
          body.start({
            write: (bytes) => sink.write(bytes),
            end() {
              end();
              sink.end();
            },
            abort() {
              end();
              sink.abort();
            },
            onDrain: (callback) => sink.onDrain(callback),
            onClose: (callback) => sink.onClose(callback),
          });
        },
      },
    };
  }
}

export function auditor(policy: AuditPolicy, sink: AuditSink, clock: Clock): Auditor {
  return {
    begin(request, info, user, id) {
      const rule = applied(policy, user, info);
      if (rule.level === 'None') return undefined;
      const now = microTimestamp(clock.now());
      const { headers, path, query, remoteAddress } = request;
      const reference = objectRef(info);
      const keepsBodies = rule.level === 'Request' || rule.level === 'RequestResponse';
      const object = keepsBodies && info.verb !== 'get' ? objectOf(request.body, headers['content-type'] ?? '') : undefined;
      const trail = new Trail(
        {
          kind: 'Event',
          apiVersion: 'audit.k8s.io/v1',
          level: rule.level,
          auditID: id,
          requestURI: query === '' ? path : `${path}?${query}`,
          verb: info.verb,
          user: auditUser(user),
          ...(remoteAddress === undefined ? {} : { sourceIPs: [remoteAddress] }),
          ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
          ...(reference === undefined ? {} : { objectRef: reference }),
          ...(object === undefined ? {} : { requestObject: rule.omitManagedFields ? withoutManagedFields(object) : object }),
          requestReceivedTimestamp: now,
        },
        rule,
        sink,
        clock,
      );
      trail.emit('RequestReceived');
      return trail;
    },
  };
}
