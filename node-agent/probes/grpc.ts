/** The gRPC health check (grpc.health.v1.Health/Check), by hand over HTTP/2: one call, two fields. */

/** HealthCheckResponse.ServingStatus */
const STATUS: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const UNIMPLEMENTED = '12';
const SERVING = 1;

function request(service: string): Buffer {
  const name = Buffer.from(service);
  // Field 1, length-delimited; an empty name is the server as a whole, and an empty message.
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

export interface GrpcHealth {
  readonly serving: boolean;
  readonly message: string;
}

export async function grpcHealth(host: string, port: number, service: string, signal: AbortSignal, userAgent: string): Promise<GrpcHealth> {
  const http2 = process.getBuiltinModule('node:http2');
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const session = http2.connect(`http://${authority}`);
  const abort = (): void => session.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await new Promise<GrpcHealth>((resolve, reject) => {
      session.on('error', reject);
      session.on('close', () => reject(new Error(`connection to ${authority} closed`)));
      const call = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
        'user-agent': userAgent,
      });
      const chunks: Buffer[] = [];
      let code: string | undefined;
      let text = '';
      const look = (headers: Readonly<Record<string, unknown>>): void => {
        if (headers['grpc-status'] !== undefined) code = String(headers['grpc-status']);
        if (headers['grpc-message'] !== undefined) text = String(headers['grpc-message']);
      };
      call.on('response', look);
      call.on('trailers', look);
      call.on('data', (chunk: Buffer) => chunks.push(chunk));
      call.on('error', reject);
      call.on('end', () => {
        if (code === UNIMPLEMENTED) return resolve({ serving: false, message: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)' });
        if (code !== undefined && code !== '0')
          return resolve({ serving: false, message: `error: health rpc probe failed: rpc error: code = ${code} desc = ${decodeURIComponent(text)}` });
        const body = Buffer.concat(chunks);
        const at = body.indexOf(0x08, 5);
        const status = at < 0 ? 0 : (body[at + 1] ?? 0);
        resolve({ serving: status === SERVING, message: `service unhealthy (responded with "${STATUS[status] ?? status}")` });
      });
      call.end(request(service));
    });
  } finally {
    signal.removeEventListener('abort', abort);
    session.destroy();
  }
}
