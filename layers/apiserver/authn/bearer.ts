import type { ApiRequest } from '../door.ts';

/** The token of `Authorization: Bearer ...`, or of the WebSocket subprotocol that browsers use in its place; `undefined` where there is none. */
export function bearerToken(request: ApiRequest): string | undefined {
  const header = request.headers['authorization'];
  if (header !== undefined) {
    const space = header.indexOf(' ');
    return space > 0 && header.slice(0, space).toLowerCase() === 'bearer' ? header.slice(space + 1).trim() || undefined : undefined;
  }
  const protocol = request.headers['sec-websocket-protocol']?.split(',').find((text) => text.trim().startsWith('base64url.bearer.authorization.k8s.io.'));
  return protocol === undefined ? undefined : Buffer.from(protocol.trim().slice('base64url.bearer.authorization.k8s.io.'.length), 'base64url').toString() || undefined;
}
