/** One request from its door to its answer. Whatever goes wrong below becomes a Status here; nothing passes. */
import { ApiError, internalError } from '#machinery/status.ts';
import { StoreUnavailable } from '#store/errors.ts';
import type { AuditTrail } from '../audit/auditor.ts';
import type { User } from '../authn/port.ts';
import type { ApiRequest, ApiResponse } from '../door.ts';
import { type RequestInfo, requestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { attributesOf, authorize } from './access.ts';
import { type Identity, identify } from './identity.ts';
import { storeAccident } from './store-accident.ts';
import type { RequestMetrics } from './metrics.ts';
import type { Exchange } from './reply.ts';
import { replyStatus } from './reply-status.ts';

export type Serve = (info: RequestInfo, user: User, exchange: Exchange) => Promise<ApiResponse> | ApiResponse;

export interface HandlerParts {
  readonly services: Services;
  readonly metrics: RequestMetrics;
  readonly serve: Serve;
}

const ID_LIMIT = 64;

function requestIdOf(services: Services, request: ApiRequest): string {
  const given = request.headers['audit-id'];
  return given !== undefined && given !== '' && given.length <= ID_LIMIT && /^[\w.-]+$/.test(given) ? given : services.ids.uid();
}

/** @throws never */
export function statusOf(services: Services, error: unknown, requestId: string): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreUnavailable) {
    services.log(`request ${requestId}: the store is unavailable`, error);
    return storeAccident(error);
  }
  services.log(`request ${requestId} failed`, error);
  return internalError(`request ${requestId} failed unexpectedly; the server's log has more under this id`, error);
}

/** What is noted of the request from here on is noted in the exchange too. */
function beginAudit(services: Services, request: ApiRequest, info: RequestInfo, { user, by, constraint }: Identity, exchange: Exchange): AuditTrail | undefined {
  const trail = services.audit?.begin(request, info, by ?? user, exchange.requestId);
  if (trail === undefined) return undefined;
  if (by !== undefined) trail.impersonated(user, constraint);
  exchange.annotations = trail.annotations;
  return trail;
}

export async function handle(parts: HandlerParts, request: ApiRequest): Promise<ApiResponse> {
  const { services } = parts;
  const startedAt = services.clock.now();
  const exchange: Exchange = { request, requestId: requestIdOf(services, request), warnings: [], annotations: {} };
  let info: RequestInfo | undefined;
  let identity: Identity | undefined;
  let trail: AuditTrail | undefined;
  let response: ApiResponse;
  try {
    info = requestInfo(request.method, request.path, request.query);
    identity = await identify(services, request, info);
    trail = beginAudit(services, request, info, identity, exchange);
    await authorize(services, attributesOf(identity.user, info, request.query), exchange.annotations);
    response = await parts.serve(info, identity.user, exchange);
  } catch (error) {
    // nobody is known to have asked
    if (identity === undefined && info !== undefined) trail = services.audit?.begin(request, info, { name: '', groups: [] }, exchange.requestId);
    response = replyStatus(exchange, statusOf(services, error, exchange.requestId).status);
  }
  const milliseconds = services.clock.now() - startedAt;
  parts.metrics.observe(info, response.status, milliseconds);
  return trail === undefined ? response : trail.answered(response);
}
