/** The instance's own facts and the session of its role, by IMDSv2; credentials in the environment come first, as every AWS tool has it. */
import http from 'node:http';
import type { Clock } from '#machinery/clock.ts';

const HOST = '169.254.169.254';
const CALL_MS = 2_000;
const ATTEMPTS = 5;
const TOKEN_SECONDS = 21_600;
/** A session is renewed this long before it ends: AWS has a new one there five minutes before. Milliseconds. */
const EARLY_MS = 4 * 60_000;
/** A session without an end is looked up again after this: milliseconds. */
const TRUST_MS = 15 * 60_000;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type CredentialSource = () => Promise<Credentials>;

export class NoInstanceFacts extends Error {
  readonly code = 'NO_INSTANCE_FACTS';
}

function ask(host: string, method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const [hostname, port] = host.split(':');
    const sent = http.request({ hostname, port: port ?? 80, method, path, headers, signal: AbortSignal.timeout(CALL_MS) }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode === 200) resolve(text);
        else reject(new NoInstanceFacts(`instance metadata ${path}: ${answer.statusCode} ${text.slice(0, 100)}`));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

export interface InstanceMetadata {
  /** `instance-id`, `local-ipv4`, `placement/availability-zone`, ... @throws NoInstanceFacts */
  get(path: string): Promise<string>;
}

export function instanceMetadata(clock: Clock, host = HOST): InstanceMetadata {
  let token: { readonly text: string; readonly until: number } | undefined;
  async function get(path: string): Promise<string> {
    if (token === undefined || token.until <= clock.now()) {
      const text = await ask(host, 'PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_SECONDS) });
      token = { text, until: clock.now() + (TOKEN_SECONDS - 60) * 1000 };
    }
    return ask(host, 'GET', `/latest/meta-data/${path}`, { 'x-aws-ec2-metadata-token': token.text });
  }
  return {
    async get(path) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await get(path);
        } catch (error) {
          token = undefined;
          if (attempt === ATTEMPTS) throw new NoInstanceFacts(`${path} of this instance cannot be read: ${(error as Error).message}`, { cause: error });
          await new Promise<void>((resolve) => void clock.after(200 * 2 ** attempt, resolve));
        }
      }
    },
  };
}

interface Session {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration?: string;
}

export function credentialSource(metadata: InstanceMetadata, clock: Clock, env: NodeJS.ProcessEnv = process.env): CredentialSource {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (accessKeyId && secretAccessKey) {
    const given = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    return async () => given;
  }
  let known: { readonly session: Promise<Credentials>; until: number } | undefined;
  return async () => {
    if (known !== undefined && known.until > clock.now()) return known.session;
    const mine = { session: fetchSession(), until: Infinity };
    known = mine;
    mine.session.catch(() => {
      if (known === mine) known = undefined;
    });
    return mine.session;

    async function fetchSession(): Promise<Credentials> {
      const role = (await metadata.get('iam/security-credentials/')).trim().split('\n')[0]!;
      const session = JSON.parse(await metadata.get(`iam/security-credentials/${encodeURIComponent(role)}`)) as Session;
      const end = session.Expiration === undefined ? clock.now() + TRUST_MS : Date.parse(session.Expiration) - EARLY_MS;
      // one that is nearly over is looked up again soon, not with each call
      mine.until = Math.max(end, clock.now() + 10_000);
      return { accessKeyId: session.AccessKeyId, secretAccessKey: session.SecretAccessKey, sessionToken: session.Token };
    }
  };
}
