/** Capacity that a request of DynamoDB consumes, as it says itself; transactions by AWS' rule, since DynamoDB Local says too little of them. */

interface Value {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
}
type Item = Readonly<Record<string, Value>>;

/** Each item in a transaction is written twice. */
const IN_TRANSACTION = 2;
const UNIT_BYTES = 1024;
const READS: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);
const CONSUMES: ReadonlySet<string> = new Set([...READS, 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);

/** As DynamoDB counts: names and values; a number takes a byte for two digits and one more. Bytes. */
export function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, { S, N, B }]) => {
    const value = S !== undefined ? Buffer.byteLength(S) : N !== undefined ? Math.ceil(N.length / 2) + 1 : B !== undefined ? Buffer.byteLength(B, 'base64') : 1;
    return sum + Buffer.byteLength(name) + value;
  }, 0);
}

export interface Units {
  readonly writeUnits: number;
  readonly readUnits: number;
}

/** The request with the question what it consumes. */
export function asking(action: string, body: Buffer): Buffer {
  return CONSUMES.has(action) ? Buffer.from(JSON.stringify({ ...(JSON.parse(body.toString()) as object), ReturnConsumedCapacity: 'TOTAL' })) : body;
}

export function unitsOf(action: string, request: Buffer, answer: Buffer): Units {
  if (action === 'TransactWriteItems') {
    const { TransactItems = [] } = JSON.parse(request.toString()) as { readonly TransactItems?: readonly { readonly Put?: { readonly Item?: Item } }[] };
    return { writeUnits: TransactItems.reduce((sum, { Put }) => sum + IN_TRANSACTION * Math.max(1, Math.ceil(sizeOf(Put?.Item ?? {}) / UNIT_BYTES)), 0), readUnits: 0 };
  }
  if (!CONSUMES.has(action)) return { writeUnits: 0, readUnits: 0 };
  let said: unknown;
  try {
    said = (JSON.parse(answer.toString()) as { readonly ConsumedCapacity?: unknown }).ConsumedCapacity;
  } catch {
    said = undefined;
  }
  const units = [said ?? []].flat().reduce((sum: number, one) => sum + ((one as { readonly CapacityUnits?: number }).CapacityUnits ?? 0), 0);
  // a write whose condition did not hold is charged all the same, and an answer that is an error says nothing of it
  const least = said === undefined && !READS.has(action) ? 1 : units;
  return READS.has(action) ? { writeUnits: 0, readUnits: units } : { writeUnits: least, readUnits: 0 };
}
