/** One start of one container: image, configuration, create, start, postStart. Runs beside other containers' starts. */
import { RuntimeRefused, isGone } from '../runtime/errors.ts';
import { containerSpec, waitsForAddress } from './container-spec.ts';
import { StartFailure, messageOf } from './failure.ts';
import { postStart } from './hooks.ts';
import { containerHash } from './labels.ts';
import { tell } from './pod-events.ts';
import type { Container, Pod } from './pod.ts';
import type { Attempt, ContainerRecord, PodRecord, Sandbox } from './record.ts';
import { registryAuth } from './registry-auth.ts';
import type { NodeServices } from './services.ts';

export interface StartInput {
  readonly pod: Pod;
  readonly record: PodRecord;
  readonly sandbox: Sandbox;
  readonly container: Container & { readonly targetContainerName?: string };
  readonly target: ContainerRecord;
  readonly attempt: number;
  /** The pod is being ended: nothing more may be made. */
  cancelled(): boolean;
  /** The image is there: from here on containers are made, and an end of the pod waits for this start. */
  committed(): void;
  /** A dead container that is of no use any more. */
  discard(attempt: Attempt): void;
  /** Called when the container has been created and when it runs, so that the status follows. */
  progressed(): void;
  /** A container ended without that the runtime would say so again. */
  ended(attempt: Attempt): Promise<void>;
}

const policyOf = (container: Container): 'Always' | 'IfNotPresent' | 'Never' =>
  container.imagePullPolicy ?? (container.image.endsWith(':latest') || !/[:@]/.test(container.image.split('/').pop() ?? '') ? 'Always' : 'IfNotPresent');

/** The pod ends meanwhile: not a failure, and nothing to tell. */
export class Cancelled extends Error {}

/** Of these the message has an event of its own. */
const IMAGE_REASONS: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName']);

/** Rejects with StartFailure, whose reason becomes the container's waiting state. */
export async function startContainer(services: NodeServices, input: StartInput): Promise<void> {
  const { pod, sandbox, target } = input;
  try {
    await go(services, input, await make(services, input));
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    // Not the container's fault: it is made anew with the next sandbox, whose failure has its own event.
    if (sandbox.phase === 'exited') throw new StartFailure('ContainerCreating', '', { cause: error });
    const failure = error instanceof StartFailure ? error : new StartFailure('CreateContainerError', messageOf(error), { cause: error });
    tell(services, pod, target, 'Warning', 'Failed', `Error: ${IMAGE_REASONS.has(failure.reason) ? failure.reason : failure.message}`);
    throw failure;
  }
}

async function make(services: NodeServices, input: StartInput): Promise<Attempt> {
  const { pod, record, sandbox, container, target, attempt } = input;
  const image = await services.images.ensure({
    image: container.image,
    policy: policyOf(container),
    owner: pod.metadata.uid,
    auth: () => registryAuth(pod, container.image, (source) => services.cluster.config(source)),
    event: (type, reason, message) => tell(services, pod, target, type, reason, message),
  });
  target.image = image;
  if (input.cancelled()) throw new Cancelled();
  input.committed();
  if (waitsForAddress(container)) await sandbox.ready;
  const spec = await containerSpec(services, {
    pod,
    record,
    container,
    attempt,
    sandboxId: sandbox.id,
    image,
    addresses: { podIPs: sandbox.ips, hostIPs: services.nodeIPs },
  });
  let id: string;
  try {
    id = await services.runtime.create(spec);
  } catch (error) {
    // Removed since it was looked up: the next try looks again.
    if (isGone(error)) services.images.forget(container.image);
    throw error;
  }
  const made: Attempt = {
    id,
    attempt,
    hash: containerHash(container),
    sandboxId: sandbox.id,
    image: container.image,
    imageId: image.digests[0] === undefined ? `docker://${image.id}` : `docker-pullable://${image.digests[0]}`,
    phase: 'created',
    hooked: container.lifecycle?.postStart === undefined,
  };
  if (target.current?.phase === 'exited') {
    if (target.previous !== undefined) input.discard(target.previous);
    target.previous = target.current;
  }
  target.current = made;
  target.resources = container.resources;
  tell(services, pod, target, 'Normal', 'Created', 'Container created');
  return made;
}

async function go(services: NodeServices, input: StartInput, made: Attempt): Promise<void> {
  const { pod, sandbox, container, target } = input;
  await sandbox.ready;
  if (input.cancelled()) throw new Cancelled();
  try {
    await services.runtime.start(made.id);
  } catch (error) {
    if (!(error instanceof RuntimeRefused)) throw error;
    // The process could not be started: that is an end, with an exit code, and the restart policy deals with it.
    await input.ended(made);
    throw new StartFailure('RunContainerError', error.message, { cause: error });
  }
  target.startupPassed = false;
  target.readinessPassed = false;
  // A short-lived one may have ended before Docker answered.
  if (made.phase === 'created') {
    made.phase = 'running';
    made.startedAt = new Date(services.clock.now()).toISOString();
  }
  delete target.waiting;
  tell(services, pod, target, 'Normal', 'Started', 'Container started');
  input.progressed();
  if (made.hooked) return;
  try {
    await postStart(services, pod, container, target, made.id, sandbox.ips[0] ?? '');
    made.hooked = true;
  } catch (error) {
    tell(services, pod, target, 'Normal', 'Killing', 'FailedPostStartHook');
    await services.runtime.stop(made.id, pod.spec.terminationGracePeriodSeconds ?? 30);
    await input.ended(made);
    throw new StartFailure('PostStartHookError', messageOf(error), { cause: error });
  }
}
