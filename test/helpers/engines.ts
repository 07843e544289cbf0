/** Docker engines that misbehave: sockets to point DOCKER_HOST at. */
import { createServer as createHttp } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';

const listening = (server: Server, path: string): Promise<void> => new Promise((resolve, reject) => server.once('error', reject).listen(path, resolve));

export interface Engine {
  /** For DOCKER_HOST. */
  readonly host: string;
  close(): void;
}

/** Takes connections and says nothing. */
export async function hangingEngine(path: string): Promise<Engine> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  await listening(server, path);
  return {
    host: `unix://${path}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Answers as Docker 19.03 did. */
export async function oldEngine(path: string): Promise<Engine> {
  const version = { Version: '19.03.15', ApiVersion: '1.40', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64', KernelVersion: '5.4' };
  const server = createHttp((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(request.url?.endsWith('/_ping') === true ? 'OK' : JSON.stringify(version));
  });
  await listening(server, path);
  return { host: `unix://${path}`, close: () => void server.close() };
}

export interface Gate extends Engine {
  /** From here on nothing passes, and nothing is refused. */
  hang(): void;
  /** What was held back goes on. */
  release(): void;
}

/** The real engine behind a socket that can be made to hang. */
export async function gatedEngine(path: string, behind = '/var/run/docker.sock'): Promise<Gate> {
  const sockets = new Set<Socket>();
  let hanging = false;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: behind, allowHalfOpen: true });
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (hanging) from.pause();
    }
  });
  await listening(server, path);
  return {
    host: `unix://${path}`,
    hang() {
      hanging = true;
      for (const socket of sockets) socket.pause();
    },
    release() {
      hanging = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
