/**
 * TCP connections made inside a pod's network namespace, so that programs which listen on 127.0.0.1 there are reached. A process cannot
 * change its namespace from JavaScript: a helper started in the pod's namespace connects, and hands the connected socket over; the bytes flow
 * through this process alone. One helper serves every connection to its pod and ends when the last session does.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket, connect } from 'node:net';

/** A helper starts in 60 ms on an idle machine. */
const CONNECT_MS = 10_000;

export class DialFailed extends Error {
  readonly code = 'DIAL_FAILED';
}

export interface PodDialer {
  /** To `localhost:port` as the pod sees it. */
  connect(port: number): Promise<Socket>;
  close(): void;
}

/** Runs in the pod's namespace. Paused before it connects: what the peer sends first belongs to the receiver of the socket. */
const HELPER = `
const { Socket } = require('node:net');
function dial(id, port, hosts, why) {
  const socket = new Socket({ allowHalfOpen: true });
  socket.pause();
  const failed = ({ message }) => {
    const all = [...why, message];
    if (hosts.length > 1) dial(id, port, hosts.slice(1), all);
    else process.send({ id, error: 'failed to connect to localhost:' + port + ' inside the namespace of the pod: ' + all.join('; ') });
  };
  socket.once('error', failed);
  socket.connect({ port, host: hosts[0] }, () => { socket.off('error', failed); socket.on('error', () => {}); process.send({ id }, socket); });
}
process.on('message', ({ id, port }) => dial(id, port, ['127.0.0.1', '::1'], []));
process.on('disconnect', () => process.exit(0));
`;

interface Answer {
  readonly id: number;
  readonly error?: string;
}

class Helper {
  readonly child: ChildProcess;
  readonly waiting = new Map<number, { resolve(socket: Socket): void; reject(error: Error): void }>();
  users = 0;
  next = 0;
  dead = false;

  constructor(pid: number) {
    this.child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '--max-semi-space-size=1', '-e', HELPER], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {},
    });
    this.child.on('message', (answer, socket) => {
      const { id, error } = answer as Answer;
      const caller = this.waiting.get(id);
      this.waiting.delete(id);
      if (caller === undefined) (socket as Socket | undefined)?.destroy();
      else if (error !== undefined) caller.reject(new DialFailed(error));
      else if (socket === undefined) caller.reject(new DialFailed('the connection closed at once'));
      else caller.resolve(socket as Socket);
    });
    const fail = (error: Error): void => {
      this.dead = true;
      for (const caller of this.waiting.values()) caller.reject(error);
      this.waiting.clear();
    };
    this.child.on('error', (error) => fail(new DialFailed(error.message)));
    this.child.on('exit', () => fail(new DialFailed("the pod's network is gone")));
  }

  connect(port: number): Promise<Socket> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new DialFailed(`connecting took longer than ${CONNECT_MS / 1000}s`));
      }, CONNECT_MS);
      const settled = <T>(then: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      };
      this.waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      if (this.dead || !this.child.connected) return this.waiting.get(id)!.reject(new DialFailed("the pod's network is gone"));
      this.child.send({ id, port });
    });
  }
}

const helpers = new Map<number, Helper>();

/** `sandboxPid` absent: the node's own namespace (a pod on the host network). Close it after the session. */
export function podDialer(sandboxPid: number | undefined): PodDialer {
  if (sandboxPid === undefined) return { connect: connectHere, close: () => undefined };
  let helper = helpers.get(sandboxPid);
  if (helper === undefined || helper.dead) {
    helper = new Helper(sandboxPid);
    helpers.set(sandboxPid, helper);
  }
  const mine = helper;
  mine.users++;
  let open = true;
  return {
    connect: (port) => mine.connect(port),
    close() {
      if (!open) return;
      open = false;
      mine.users--;
      if (mine.users > 0) return;
      if (helpers.get(sandboxPid) === mine) helpers.delete(sandboxPid);
      if (mine.child.connected) mine.child.disconnect();
    },
  };
}

async function connectHere(port: number): Promise<Socket> {
  const to = (host: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host, allowHalfOpen: true });
      const timer = setTimeout(() => socket.destroy(new Error(`connecting took longer than ${CONNECT_MS / 1000}s`)), CONNECT_MS);
      const failed = (error: Error): void => {
        clearTimeout(timer);
        reject(new DialFailed(error.message));
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', failed);
        resolve(socket);
      });
    });
  return to('127.0.0.1').catch(() => to('::1'));
}
