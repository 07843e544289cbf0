/** Pulls and imports. */
import type { IncomingMessage } from 'node:http';
import type { ContainerRuntime, ImageState } from '../port.ts';
import { RuntimeRefused, RuntimeTimeout, isGone } from '../errors.ts';
import type { DockerClient } from './client.ts';
import { DEADLINE } from './deadlines.ts';
import { imageState, type DockerImage } from './spec.ts';

const encode = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

export async function findImage(client: DockerClient, name: string): Promise<ImageState | undefined> {
  try {
    return imageState(await client.json<DockerImage>({ method: 'GET', path: `/images/${encode(name)}/json`, deadline: DEADLINE.image }));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** `host:port/name:tag` to name and tag; a digest counts as the tag; no tag is `latest`. */
export function splitName(name: string): { readonly repository: string; readonly tag: string } {
  const at = name.indexOf('@');
  if (at >= 0) return { repository: name.slice(0, at).replace(/:[^/:]+$/, ''), tag: name.slice(at + 1) };
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? { repository: name.slice(0, colon), tag: name.slice(colon + 1) } : { repository: name, tag: 'latest' };
}

/** Reads the progress lines to their end. Failures come inside a stream that began with 200. */
async function drain(answer: IncomingMessage, verb: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const watchSilence = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => answer.destroy(new RuntimeTimeout(verb, DEADLINE.pullSilence)), DEADLINE.pullSilence);
  };
  let rest = '';
  let failure: string | undefined;
  watchSilence();
  try {
    answer.setEncoding('utf8');
    for await (const piece of answer as AsyncIterable<string>) {
      watchSilence();
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') failure = (JSON.parse(line) as { error?: string }).error ?? failure;
    }
  } finally {
    clearTimeout(timer);
  }
  if (failure !== undefined) throw new RuntimeRefused(500, failure);
}

export async function pullImage(client: DockerClient, name: string, auth: Parameters<ContainerRuntime['pull']>[1]): Promise<ImageState> {
  const { repository, tag } = splitName(name);
  const answer = await client.open({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: repository, tag },
    deadline: DEADLINE.pullSilence,
    ...(auth === undefined
      ? {}
      : {
          headers: {
            'x-registry-auth': Buffer.from(JSON.stringify({ username: auth.username, password: auth.password, serveraddress: auth.serverAddress })).toString('base64url'),
          },
        }),
  });
  await drain(answer, `pull of ${name}`);
  const image = await findImage(client, name);
  if (image === undefined) throw new RuntimeRefused(404, `the image ${name} is not there after its pull`);
  return image;
}

export async function importTar(client: DockerClient, name: string, layer: Uint8Array, config: { readonly entrypoint: readonly string[] }): Promise<void> {
  const { repository, tag } = splitName(name);
  const answer = await client.open({
    method: 'POST',
    path: '/images/create',
    query: { fromSrc: '-', repo: repository, tag, changes: `ENTRYPOINT ${JSON.stringify(config.entrypoint)}` },
    stream: layer,
    contentType: 'application/x-tar',
    deadline: DEADLINE.import,
  });
  await drain(answer, `import of ${name}`);
}
