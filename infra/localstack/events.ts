/**
 * EventBridge's deliveries to functions: an emulator would run them by itself, outside of Lambda's rules. The rule of instances sends to a queue
 * of this place instead, and the gateway invokes the function with each event, again where it fails.
 */
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '#machinery/sha256.ts';
import type { Lambda } from '../gateway/lambda/service.ts';
import { sqsReceiver } from '../gateway/mappings/sqs.ts';

const LIMIT_MS = 10_000;
const POLL_SECONDS = 20;
/** A function that failed is tried again after this. */
const AGAIN_SECONDS = 30;
const PAUSE_MS = 1_000;
const TARGET = 'gateway';

export interface EventsOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly sqs: SQSClient;
  readonly lambda: Lambda;
  /** The rule as it was deployed, and whom it is for. */
  readonly rule: string;
  readonly functionName: string;
  readonly log: (text: string, error?: unknown) => void;
}

type Caller = (action: string, body: object) => Promise<Record<string, unknown>>;

/** Its JSON API, signed here. */
function eventBridge({ endpoint, region, credentials }: Pick<EventsOptions, 'endpoint' | 'region' | 'credentials'>): Caller {
  const url = new URL(endpoint);
  const signer = new SignatureV4({ service: 'events', region, sha256: Sha256, credentials });
  return async (action, input) => {
    const body = JSON.stringify(input);
    const signed = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      port: Number(url.port),
      path: '/',
      headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSEvents.${action}` },
      body,
    });
    const { host: _, ...headers } = signed.headers;
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(LIMIT_MS) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`EventBridge refused ${action}: ${answer.status} ${text.slice(0, 200)}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
}

export async function deliverEvents(options: EventsOptions): Promise<{ stop(): Promise<void> }> {
  const { sqs, lambda, rule, functionName, log } = options;
  const call = eventBridge(options);
  const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: `${rule}-local` }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url!, AttributeNames: ['QueueArn'] }));
  const { Targets = [] } = (await call('ListTargetsByRule', { Rule: rule })) as { readonly Targets?: readonly { readonly Id: string; readonly Arn: string }[] };
  const functions = Targets.filter(({ Arn }) => Arn.includes(':lambda:')).map(({ Id }) => Id);
  await call('PutTargets', { Rule: rule, Targets: [{ Id: TARGET, Arn: Attributes!.QueueArn }] });
  if (functions.length > 0) await call('RemoveTargets', { Rule: rule, Ids: functions });

  const queue = sqsReceiver(sqs, url!);
  const stop = new AbortController();
  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        for (const { body, receipt } of await queue.receive({ max: 10, waitSeconds: POLL_SECONDS, visibilitySeconds: AGAIN_SECONDS, signal: stop.signal })) {
          const { answer } = await lambda.invoke(functionName, JSON.parse(body) as object);
          if (answer.type === 'error') log(`${functionName}: ${answer.error.errorMessage}`);
          else await queue.done([receipt]);
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        log('events', error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }
  const running = run();
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}
