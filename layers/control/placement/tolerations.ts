/** Taints and tolerations (Kubernetes' `core/v1/toleration`): the scheduler keeps pods away by them, the eviction makes them leave. */
import type { Taint, Toleration } from '#kinds/generated/types.ts';

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? 'Equal') {
    case '':
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '');
    case 'Exists':
      return true;
    case 'Lt':
    case 'Gt': {
      const [own, bound] = [taint.value ?? '', toleration.value ?? ''];
      if (!/^[+-]?\d+$/.test(own) || !/^[+-]?\d+$/.test(bound)) return false;
      return toleration.operator === 'Lt' ? BigInt(own) < BigInt(bound) : BigInt(own) > BigInt(bound);
    }
    default:
      return false;
  }
}

/** The first taint, of those that count, that nothing tolerates. */
export function untolerated(taints: readonly Taint[] | undefined, tolerations: readonly Toleration[] | undefined, counts: (taint: Taint) => boolean): Taint | undefined {
  return taints?.find((taint) => counts(taint) && tolerations?.some((toleration) => tolerates(toleration, taint)) !== true);
}
