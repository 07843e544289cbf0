/** The node's work as the table has it: which pods it must run, written with each binding in the same transaction. One query, and no function runs for it. */
import type { JsonService } from './call.ts';
import type { Place } from './heartbeat.ts';

export interface Work {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface Page {
  readonly Items?: readonly { readonly sk: { readonly S: string }; readonly uid?: { readonly S?: string } }[];
  readonly LastEvaluatedKey?: object;
}

export async function readWork(dynamo: JsonService, { table, partition }: Place): Promise<readonly Work[]> {
  const work: Work[] = [];
  for (let start: object | undefined; ;) {
    const page = await dynamo.call<Page>('Query', {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
      // entries are `NAMESPACE NAME`; the heartbeat sorts behind them
      ExpressionAttributeValues: { ':pk': { S: partition }, ':low': { S: ' ' }, ':high': { S: '~' } },
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    for (const { sk, uid } of page.Items ?? []) {
      const blank = sk.S.indexOf(' ');
      work.push({ namespace: sk.S.slice(0, blank), name: sk.S.slice(blank + 1), uid: uid?.S ?? '' });
    }
    start = page.LastEvaluatedKey;
    if (start === undefined) return work;
  }
}
