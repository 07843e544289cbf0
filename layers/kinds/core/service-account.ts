/** Service accounts. */
import type { ServiceAccount } from '#kinds/generated/types.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { AGE, text } from '../shared/columns.ts';

export const serviceAccount = behaviour<ServiceAccount>({
  columns: [
    text(
      'Secrets',
      'Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use. Pods are only limited to this list if this service account has a "kubernetes.io/enforce-mountable-secrets" annotation set to "true". This field should not be used to find auto-generated service account token secrets for use outside of pods. Instead, tokens can be requested directly using the TokenRequest API, or service account token secrets can be manually created. More info: https://kubernetes.io/docs/concepts/configuration/secret',
    ),
    AGE,
  ],
  row: ({ secrets, metadata }, now) => ({ cells: [(secrets ?? []).length, age(metadata.creationTimestamp, now)] }),
});
