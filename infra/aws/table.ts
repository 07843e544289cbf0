/** The one table, and where what its stream could not deliver is kept. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { tableDefinition, TTL_ATTRIBUTE } from '#store/dynamodb/table.ts';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

export function createTable(scope: Construct, { name, removeState, local }: Settings): Table {
  const { KeySchema = [] } = tableDefinition(name);
  const key = (type: 'HASH' | 'RANGE'): { name: string; type: AttributeType } => ({
    name: KeySchema.find(({ KeyType }) => KeyType === type)!.AttributeName!,
    type: AttributeType.STRING,
  });
  return new Table(scope, 'Table', {
    tableName: `${name}-state`,
    partitionKey: key('HASH'),
    sortKey: key('RANGE'),
    billingMode: BillingMode.PAY_PER_REQUEST,
    stream: StreamViewType.NEW_IMAGE,
    timeToLiveAttribute: TTL_ATTRIBUTE,
    // restore to a second of the last 35 days
    ...(local ? {} : { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true } }),
    deletionProtection: !removeState,
    removalPolicy: removeState ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  });
}
