/**
 * The gateway node: an API server of every cluster beside the nodes, from inside, for what functions cannot have. It lives as long as the place does, and
 * what it remembers of a cluster is brought up to now with each request, as in a function.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { createResponder, failureOf, openRoute, type ResponderOptions } from '#functions/api/respond.ts';
import { type Listeners, listenersOf } from '../local/door/door.ts';

export function gatewayNode(options: ResponderOptions): Listeners {
  const respond = createResponder(options);
  return listenersOf(
    {
      handle: ({ signal, ...request }) => respond(request, signal, randomUUID()),
      async upgrade(request, socket, head) {
        try {
          const { open, path } = await openRoute(request.path, options);
          await open.server.upgrade({ ...request, path }, socket, head);
        } catch (error) {
          const { status } = failureOf(error, randomUUID(), options.log);
          const body = JSON.stringify(status);
          socket.end(
            `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? 'Error'}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
          );
        }
      },
    },
    options.log,
  );
}
