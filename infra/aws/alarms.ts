/** What somebody ought to look at: anything among the dead letters. Alarms without a target show in the console; the free tier has ten. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Queues } from './queues.ts';
import type { Settings } from './settings.ts';

export function createAlarms(scope: Construct, { name }: Settings, { reconcileDead, scheduleDead, laterDead, undelivered }: Queues): void {
  for (const [id, queue] of [
    ['ReconcileDead', reconcileDead],
    ['ScheduleDead', scheduleDead],
    ['LaterDead', laterDead],
    ['Undelivered', undelivered],
  ] as const) {
    new Alarm(scope, `${id}Alarm`, {
      alarmName: `${name}-${id}`,
      alarmDescription: 'Work was given up: read the messages, mend the cause, and redrive the queue',
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
