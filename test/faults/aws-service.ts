/** A service of AWS that refuses: what it says on the wire, by the action that is asked for. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Refusal {
  readonly status: number;
  /** `ThrottlingException`. */
  readonly type: string;
  readonly message: string;
}

export interface RefusingService {
  readonly url: string;
  /** How often it was asked. */
  asked(): number;
  close(): Promise<void>;
}

/** `answer`: a refusal, or a text that is a good answer. */
export async function refusingService(answer: (action: string) => Refusal | string): Promise<RefusingService> {
  let asked = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked++;
      const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
      const query = target === undefined;
      const action = target ?? new URLSearchParams(Buffer.concat(parts).toString()).get('Action') ?? '';
      const said = answer(action);
      if (typeof said === 'string') return void response.writeHead(200, { 'content-type': query ? 'text/xml' : 'application/x-amz-json-1.0' }).end(said);
      const { status, type, message } = said;
      response.writeHead(status, { 'content-type': query ? 'text/xml' : 'application/x-amz-json-1.0' });
      response.end(
        query
          ? `<ErrorResponse><Error><Type>Sender</Type><Code>${type}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`
          : JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
