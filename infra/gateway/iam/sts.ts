/** STS in small: answers GetCallerIdentity to who signed the question, and refuses everybody else. For places whose emulator does not look. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BadSignature, type Principals, verifyHeaders, verifyQuery } from './sigv4.ts';

export interface StsStub {
  readonly url: URL;
  close(): Promise<void>;
}

export async function openSts(principals: Principals, options: { readonly port?: number; readonly now?: () => number } = {}): Promise<StsStub> {
  const now = options.now ?? Date.now;
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts);
      try {
        const presigned = incoming.method === 'GET';
        const parameters = presigned ? new URL(incoming.url ?? '/', 'http://sts').searchParams : new URLSearchParams(body.toString());
        if (parameters.get('Action') !== 'GetCallerIdentity') return void response.writeHead(400).end('{"Error":{"Code":"InvalidAction"}}');
        const { arn, account, userId } = presigned ? verifyQuery(principals, incoming, 'sts', now()) : verifyHeaders(principals, incoming, body, 'sts', now());
        const json = incoming.headers.accept === 'application/json';
        response.writeHead(200, { 'content-type': json ? 'application/json' : 'text/xml' });
        response.end(
          json
            ? JSON.stringify({ GetCallerIdentityResponse: { GetCallerIdentityResult: { Account: account, Arn: arn, UserId: userId }, ResponseMetadata: { RequestId: 'local' } } })
            : `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>${userId}</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
        );
      } catch (error) {
        const code = error instanceof BadSignature ? error.code : 'InternalFailure';
        response.writeHead(error instanceof BadSignature ? 403 : 500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ Error: { Code: code, Message: (error as Error).message } }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
