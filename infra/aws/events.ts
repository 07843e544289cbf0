/** What EC2 tells, and the timer that runs while there are nodes. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { Queues } from './queues.ts';
import type { Settings } from './settings.ts';

export const timerRuleName = ({ name }: Settings): string => `${name}-timer`;
/** In place of EC2, whose events an emulator takes from nobody else: who plays an instance that goes away says so under this source. */
export const LOCAL_SOURCE = 'paperplane.ec2';
const RETRIES = { retryAttempts: 5, maxEventAge: Duration.minutes(30) };

export function createEvents(scope: Construct, settings: Settings, functions: Functions, { undelivered }: Queues): void {
  new Rule(scope, 'InstanceStates', {
    ruleName: `${settings.name}-instances`,
    description: 'Instances that go away take their nodes along',
    eventPattern: {
      source: ['aws.ec2', ...(settings.local ? [LOCAL_SOURCE] : [])],
      detailType: ['EC2 Instance State-change Notification'],
      detail: { state: ['shutting-down', 'terminated', 'stopping', 'stopped'] },
    },
    targets: [new Target(functions['cloud-events'], { deadLetterQueue: undelivered, ...RETRIES })],
  });
  new Rule(scope, 'TimerRule', {
    ruleName: timerRuleName(settings),
    description: 'Keys that look again by themselves; on while there are nodes',
    schedule: Schedule.rate(Duration.minutes(5)),
    // an installation without nodes makes no request: the reconciler switches it on with the first node
    enabled: false,
    targets: [new Target(functions.timer, RETRIES)],
  });
}
