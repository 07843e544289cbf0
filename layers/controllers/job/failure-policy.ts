/** `spec.podFailurePolicy`: what a pod's failure means for its job. */
import type { ContainerStatus, Job, Pod, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from '#kinds/generated/types.ts';
import { nameOf, namespaceOf } from '../shared/keys.ts';
import { hasFailed, specOf } from './job-view.ts';

export interface Verdict {
  /** Counts towards the backoff limits. */
  readonly counts: boolean;
  readonly action: 'Ignore' | 'FailIndex' | 'FailJob' | 'Count' | undefined;
  /** Why the whole job fails. */
  readonly failJob?: string;
}

const NO_RULE: Verdict = { counts: true, action: undefined };

function matchesCode(code: number, { operator, values }: PodFailurePolicyOnExitCodesRequirement): boolean {
  if (operator === 'In') return values.includes(code);
  return operator === 'NotIn' && !values.includes(code);
}

function failedContainer({ status }: Pod, rule: PodFailurePolicyOnExitCodesRequirement): ContainerStatus | undefined {
  const matches = ({ name, state }: ContainerStatus): boolean => {
    const code = state?.terminated?.exitCode;
    return code !== undefined && code !== 0 && (rule.containerName === undefined || rule.containerName === name) && matchesCode(code, rule);
  };
  return (status?.containerStatuses ?? []).find(matches) ?? (status?.initContainerStatuses ?? []).find(matches);
}

/** Why the rule speaks of this pod; undefined where it does not. */
function matchRule(pod: Pod, { onExitCodes, onPodConditions, action }: PodFailurePolicyRule, index: number): string | undefined {
  if (onExitCodes !== undefined) {
    const container = failedContainer(pod, onExitCodes);
    if (container === undefined) return undefined;
    return `Container ${container.name} for pod ${namespaceOf(pod)}/${nameOf(pod)} failed with exit code ${container.state!.terminated!.exitCode} matching ${action} rule at index ${index}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) => (onPodConditions ?? []).some((pattern) => pattern.type === type && pattern.status === status));
  return condition === undefined ? undefined : `Pod ${namespaceOf(pod)}/${nameOf(pod)} has condition ${condition.type} matching ${action} rule at index ${index}`;
}

/** The first rule that matches decides. */
export function judge(job: Job, pod: Pod): Verdict {
  for (const [index, rule] of (specOf(job).podFailurePolicy?.rules ?? []).entries()) {
    const why = matchRule(pod, rule, index);
    if (why === undefined) continue;
    switch (rule.action) {
      case 'Ignore':
        return { counts: false, action: 'Ignore' };
      case 'FailIndex':
      case 'Count':
        return { counts: true, action: rule.action };
      case 'FailJob':
        return { counts: true, action: 'FailJob', failJob: why };
    }
  }
  return NO_RULE;
}

/** The message with which the policy ends the job, if it does. */
export function failJobMessage(job: Job, pods: readonly Pod[]): string | undefined {
  if (specOf(job).podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    if (!hasFailed(pod, job)) continue;
    const { failJob } = judge(job, pod);
    if (failJob !== undefined) return failJob;
  }
  return undefined;
}
