/** AWS' signature (version 4) on a request: what the IAM door and the services ask for. */
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '#machinery/sha256.ts';
import type { CredentialSource } from './credentials.ts';

export interface Unsigned {
  readonly method: string;
  /** `host` or `host:port`, as the header has it. */
  readonly host: string;
  /** Escaped. */
  readonly path: string;
  /** Not escaped. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | undefined;
}

/** The headers to send: those given, and the signature. */
export type Sign = (request: Unsigned) => Promise<Record<string, string>>;

/** Set on the way, or not to be relied on. */
const UNSIGNED = new Set(['user-agent', 'content-length', 'connection']);

export function signer(service: 'lambda' | 'sqs' | 'dynamodb', region: string, credentials: CredentialSource): Sign {
  const v4 = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  return async ({ method, host, path, query = {}, headers, body }) => {
    const [hostname, port] = host.split(':') as [string, string?];
    const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
    const signed = await v4.sign(
      { method, protocol: 'https:', hostname, ...(port === undefined ? {} : { port: Number(port) }), path, query: { ...query }, headers: { ...given, host }, body: body ?? '' },
      { unsignableHeaders: UNSIGNED },
    );
    return signed.headers;
  };
}
