/** The bare Docker calls that a pod of one container needs at least: what a pod's start is held against. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';

const SOCKET = '/var/run/docker.sock';
const LABELS = { 'paperplane.bench': 'yes' };

export const hasDocker = (): boolean => existsSync(SOCKET);

function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(
      { socketPath: SOCKET, method, path, headers: text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } },
      (answer) => {
        let got = '';
        answer.setEncoding('utf8').on('data', (part: string) => (got += part));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) >= 300) reject(new Error(`Docker: ${method} ${path}: ${got}`));
          else resolve(got === '' ? {} : (JSON.parse(got) as Record<string, unknown>));
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

async function container(image: string, command: readonly string[], network: string): Promise<string> {
  const { Id } = (await call('POST', '/containers/create', { Image: image, Cmd: command, Labels: LABELS, HostConfig: { NetworkMode: network } })) as { Id: string };
  await call('POST', `/containers/${Id}/start`);
  return Id;
}

/** One container that holds the namespaces, and one that joins them. Answers with both. */
async function pair(image: string, command: readonly string[]): Promise<readonly string[]> {
  const holder = await container(image, command, 'none');
  return [holder, await container(image, command, `container:${holder}`)];
}

/** Seconds until so many pairs, begun together, run. They are gone afterwards. */
export async function barePods(count: number, image: string, command: readonly string[]): Promise<number> {
  const began = performance.now();
  const pairs = await Promise.all(Array.from({ length: count }, async () => pair(image, command)));
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(pairs.flat().map(async (id) => call('DELETE', `/containers/${id}?force=1`)));
  return seconds;
}
