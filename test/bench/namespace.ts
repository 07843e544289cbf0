/** The namespace that a run works in: made before, and gone when it ends. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from './http.ts';
import type { Subject } from './row.ts';

/** The service account of a new namespace is made within a moment; pods cannot be created before. */
const ACCOUNT_LIMIT_MS = 30_000;
/** Some twenty thousand objects are deleted one by one. */
const REMOVAL_LIMIT_MS = 600_000;

async function until(client: Client, path: string, status: number, limitMs: number): Promise<void> {
  for (const end = Date.now() + limitMs; (await client.send('GET', path)).status !== status; await wait(100)) {
    if (Date.now() > end) throw new Error(`${path} did not answer ${status} within ${limitMs / 1000} s`);
  }
}

async function with1<T>(subject: Subject, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await subject.target.client();
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export async function prepare(subject: Subject): Promise<void> {
  const { namespace } = subject;
  await with1(subject, async (client) => {
    const { status, text } = await client.send(
      'POST',
      '/api/v1/namespaces',
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
      undefined,
      true,
    );
    if (status >= 300) throw new Error(`${subject.name}: the namespace ${namespace} cannot be made: ${text}`);
    if (subject.alone) return;
    await until(client, `/api/v1/namespaces/${namespace}/serviceaccounts/default`, 200, ACCOUNT_LIMIT_MS);
  });
}

/** Waits until the cluster has done its part, so that the next run does not pay for it. */
export async function remove(subject: Subject): Promise<void> {
  if (subject.alone) return;
  const path = `/api/v1/namespaces/${subject.namespace}`;
  await with1(subject, async (client) => {
    await client.send('DELETE', path);
    await until(client, path, 404, REMOVAL_LIMIT_MS);
  });
}
