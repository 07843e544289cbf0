/** A connection that its client wants to take over: the same questions as for every request, then bytes. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest } from '#machinery/status.ts';
import { admitConnect } from '../admission/connect.ts';
import type { AuditTrail } from '../audit/auditor.ts';
import type { User } from '../authn/port.ts';
import type { ApiRequest } from '../door.ts';
import { attributesOf, authorize } from '../http/access.ts';
import { statusOf } from '../http/handle.ts';
import { identify } from '../http/identity.ts';
import type { RequestMetrics } from '../http/metrics.ts';
import { requestInfo, type RequestInfo } from '../routing/request-info.ts';
import type { Services } from '../server.port.ts';
import { isPodStream, upgradePodStream } from './pod-stream.ts';
import { proxyUpgrade } from './proxy.ts';

/** An answer on a bare connection, which ends with it. */
function refuse(socket: Duplex, code: number, status: object, requestId: string): void {
  const body = JSON.stringify(status);
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}\r\nContent-Type: application/json\r\nAudit-Id: ${requestId}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Takes the connection of a request that another API server answers; absent where this one does. */
export type Elsewhere = (info: RequestInfo) => Promise<((user: User) => Promise<void>) | undefined>;

export async function serveUpgrade(services: Services, metrics: RequestMetrics, elsewhere: Elsewhere, request: ApiRequest, socket: Duplex, head: Uint8Array): Promise<void> {
  const startedAt = services.clock.now();
  const requestId = services.ids.uid();
  socket.on('error', () => socket.destroy());
  let info: ReturnType<typeof requestInfo> | undefined;
  let code = 101;
  let trail: AuditTrail | undefined;
  // a connection has no place for warnings
  const admit = (user: User, notes: Record<string, string>): Promise<void> =>
    admitConnect(services, info!, user, request.query, { warn: () => undefined, annotate: (key, value) => void (notes[key] = value) });
  try {
    info = requestInfo(request.method, request.path, request.query);
    const { user, by, constraint } = await identify(services, request, info);
    trail = services.audit?.begin(request, info, by ?? user, requestId);
    if (by !== undefined) trail?.impersonated(user, constraint);
    const notes = trail?.annotations ?? {};
    const attributes = attributesOf(user, info);
    await authorize(services, attributes, notes);
    const other = await elsewhere(info);
    if (other !== undefined) await other(user);
    else if (isPodStream(info)) {
      // a WebSocket is opened with GET, and runs a command all the same
      if (info.verb === 'get' && info.subresource !== 'log') await authorize(services, { ...attributes, verb: 'create' });
      await admit(user, notes);
      await upgradePodStream(services, info, request, socket, head);
    } else if (info.isResource && info.subresource === 'proxy') {
      await admit(user, notes);
      await proxyUpgrade(services, info, request, socket, head);
    } else throw badRequest('this path cannot be upgraded');
  } catch (error) {
    const { status } = statusOf(services, error, requestId);
    ({ code } = status);
    refuse(socket, code, status, requestId);
  }
  trail?.upgraded(code);
  metrics.observe(info, code, services.clock.now() - startedAt);
}
