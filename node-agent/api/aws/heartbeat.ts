/**
 * The lease straight to the table: one update of one small item, one write unit, and no function runs for it. The item may be touched by this
 * node's credentials alone (condition dynamodb:LeadingKeys), is made with the lease by the API server, and is gone with it.
 */
import { ApiRefused } from '../errors.ts';
import { isAwsError, type JsonService } from './call.ts';

/** As layers/store/dynamodb/keys.ts has it. */
const BEAT_SORT_KEY = '~lease';

export interface Place {
  readonly table: string;
  /** The node's own partition. */
  readonly partition: string;
}

/** `renewTime` as a lease has it. @throws ApiRefused 404 where there is no lease to renew */
export async function beat(dynamo: JsonService, { table, partition }: Place, renewTime: string): Promise<void> {
  try {
    await dynamo.call(
      'UpdateItem',
      {
        TableName: table,
        Key: { pk: { S: partition }, sk: { S: BEAT_SORT_KEY } },
        UpdateExpression: 'SET renewed = :at ADD beats :one',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': { S: renewTime }, ':one': { N: '1' } },
      },
      { attempts: 2 },
    );
  } catch (error) {
    if (!isAwsError(error, /ConditionalCheckFailed/)) throw error;
    throw new ApiRefused(404, { message: 'the lease of this node is gone', reason: 'NotFound' });
  }
}
