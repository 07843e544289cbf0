/** Switches a rule of EventBridge on and off: two calls of a JSON API, signed here, since they need no client of 300 KB. */
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '#machinery/sha256.ts';

const LIMIT_MS = 5_000;

export interface RuleSwitch {
  on(): Promise<void>;
  off(): Promise<void>;
}

/** Region, credentials and endpoint are those of the function that it runs in. */
export function awsRule(name: string, env: NodeJS.ProcessEnv = process.env): RuleSwitch {
  const region = env['AWS_REGION'] ?? 'us-east-1';
  const endpoint = new URL(env['AWS_ENDPOINT_URL_EVENTBRIDGE'] ?? env['AWS_ENDPOINT_URL'] ?? `https://events.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`);

  async function call(action: 'EnableRule' | 'DisableRule'): Promise<void> {
    const sessionToken = env['AWS_SESSION_TOKEN'];
    const signer = new SignatureV4({
      service: 'events',
      region,
      sha256: Sha256,
      credentials: { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '', ...(sessionToken === undefined ? {} : { sessionToken }) },
    });
    const body = JSON.stringify({ Name: name });
    const signed = await signer.sign({
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      ...(endpoint.port === '' ? {} : { port: Number(endpoint.port) }),
      path: '/',
      headers: { host: endpoint.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSEvents.${action}` },
      body,
    });
    const { host: _, ...headers } = signed.headers;
    const answer = await fetch(endpoint, { method: 'POST', headers, body, signal: AbortSignal.timeout(LIMIT_MS) });
    if (!answer.ok) throw new Error(`EventBridge refused ${action} of ${name}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
    await answer.body?.cancel();
  }
  return { on: () => call('EnableRule'), off: () => call('DisableRule') };
}
