/** Has the image of a container there before it is made, by its pull policy; failures wait longer and longer. */
import type { Clock } from '#machinery/clock.ts';
import type { ContainerRuntime, ImageState } from '../runtime/port.ts';
import { isRuntimeDown } from '../runtime/errors.ts';
import type { Backoff } from './backoff.ts';
import { StartFailure, messageOf } from './failure.ts';
import type { RegistryAuth } from './registry-auth.ts';

/** How long a look-up is believed. An image removed meanwhile shows when the container is made, and is then looked up anew. */
const TRUST_MS = 60_000;

export interface ImageRequest {
  readonly image: string;
  readonly policy: 'Always' | 'IfNotPresent' | 'Never';
  /** Whose failures are counted: the pod's uid. */
  readonly owner: string;
  auth(): Promise<readonly RegistryAuth[]>;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface ImageKeeper {
  /** Rejects with StartFailure. */
  ensure(request: ImageRequest): Promise<ImageState>;
  /** What was known of the image is wrong. */
  forget(image: string): void;
  forgetOwner(owner: string): void;
}

/** Docker's rule for references, without the parts that only differ in length. */
const REFERENCE =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

export const isImageName = (image: string): boolean => REFERENCE.test(image);

const seconds = (milliseconds: number): string => (milliseconds < 1000 ? `${Math.round(milliseconds)}ms` : `${Number((milliseconds / 1000).toFixed(3))}s`);

export function createImageKeeper(runtime: Pick<ContainerRuntime, 'image' | 'pull'>, clock: Clock, backoff: Backoff): ImageKeeper {
  const known = new Map<string, { readonly image: ImageState; readonly at: number }>();
  const looking = new Map<string, Promise<ImageState | undefined>>();
  const pulling = new Map<string, Promise<ImageState>>();
  const failures = new Map<string, { readonly at: number; readonly message: string }>();

  async function look(name: string): Promise<ImageState | undefined> {
    const found = known.get(name);
    if (found !== undefined && clock.now() - found.at < TRUST_MS) return found.image;
    let promise = looking.get(name);
    if (promise === undefined) {
      promise = runtime.image(name).finally(() => looking.delete(name));
      looking.set(name, promise);
    }
    const image = await promise;
    if (image === undefined) known.delete(name);
    else known.set(name, { image, at: clock.now() });
    return image;
  }

  async function pullWith(name: string, auths: readonly RegistryAuth[]): Promise<ImageState> {
    let last: unknown;
    for (const auth of auths.length === 0 ? [undefined] : auths) {
      try {
        return await runtime.pull(name, auth);
      } catch (error) {
        last = error;
        if (isRuntimeDown(error)) break;
      }
    }
    throw last;
  }

  /** Pods that want the same image with the same credentials share one pull. */
  function pull(name: string, auths: readonly RegistryAuth[]): Promise<ImageState> {
    const key = JSON.stringify([name, auths]);
    let promise = pulling.get(key);
    if (promise === undefined) {
      promise = pullWith(name, auths).finally(() => pulling.delete(key));
      pulling.set(key, promise);
    }
    return promise;
  }

  return {
    async ensure({ image, policy, owner, auth, event }) {
      const quoted = JSON.stringify(image);
      if (!isImageName(image)) {
        const text = `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: invalid reference format`;
        event('Warning', 'InspectFailed', text);
        throw new StartFailure('InvalidImageName', text);
      }
      if (policy !== 'Always') {
        const present = await look(image);
        if (present !== undefined) {
          event('Normal', 'Pulled', `Container image ${quoted} already present on machine and can be accessed by the pod`);
          return present;
        }
        if (policy === 'Never') {
          const text = `Container image ${quoted} is not present with pull policy of Never`;
          event('Warning', 'ErrImageNeverPull', text);
          throw new StartFailure('ErrImageNeverPull', text);
        }
      }
      const key = `image/${owner}/${image}`;
      // Pulls have no time of their own to wait from: the pause runs from the last failure, which is when it was set.
      const wait = failures.get(key) === undefined ? 0 : backoff.remaining(key, failures.get(key)!.at);
      if (wait > 0) {
        event('Normal', 'BackOff', `Back-off pulling image ${quoted}`);
        throw new StartFailure('ImagePullBackOff', `Back-off pulling image ${quoted}: ErrImagePull: ${failures.get(key)!.message}`, { retryAfter: wait });
      }
      event('Normal', 'Pulling', `Pulling image ${quoted}`);
      const began = clock.now();
      try {
        const pulled = await pull(image, await auth());
        const took = seconds(clock.now() - began);
        known.set(image, { image: pulled, at: clock.now() });
        failures.delete(key);
        event('Normal', 'Pulled', `Successfully pulled image ${quoted} in ${took} (${took} including waiting). Image size: ${pulled.sizeBytes} bytes.`);
        return pulled;
      } catch (error) {
        const message = messageOf(error);
        event('Warning', 'Failed', `Failed to pull image ${quoted}: ${message}`);
        const at = clock.now();
        backoff.next(key, at);
        failures.set(key, { at, message });
        throw new StartFailure('ErrImagePull', message, { cause: error });
      }
    },
    forget: (image) => void known.delete(image),
    forgetOwner(owner) {
      const prefix = `image/${owner}/`;
      backoff.forget(prefix);
      for (const key of failures.keys()) if (key.startsWith(prefix)) failures.delete(key);
    },
  };
}
