/** Secrets of type service-account-token get the token that they are there for, and go with their account. */
import type { Cache, Controller, ControllerContext, Key, Mapped, Result } from '#control/controller.ts';
import { keyOf } from '#control/dispatcher.ts';
import type { Secret, ServiceAccount } from '#kinds/generated/types.ts';
import { isConflict, isNotFound } from '#machinery/status.ts';
import { nameOf, namespaceOf, splitKey } from '../shared/keys.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

interface Named {
  readonly name: string;
  readonly uid: string;
}

export interface SecretTokenOptions {
  /** PEM of the cluster's CA. */
  readonly caBundle: string;
  /** Signs a token that is good as long as the account and the secret are there. */
  token(namespace: string, account: Named, secret: Named): string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const accountNameOf = ({ type, metadata }: Secret): string | undefined => (type === TYPE ? metadata.annotations?.[ACCOUNT_NAME] : undefined);

async function accountOf(secret: Secret, { cache, client }: ControllerContext): Promise<ServiceAccount | undefined> {
  const name = accountNameOf(secret)!;
  let account = cache.get<ServiceAccount>('serviceaccounts', namespaceOf(secret), name);
  if (account === undefined) {
    try {
      // the secret's end cannot be taken back
      account = await client.get<ServiceAccount>('serviceaccounts', namespaceOf(secret), name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  const uid = secret.metadata.annotations?.[ACCOUNT_UID] ?? '';
  return account === undefined || (uid !== '' && uid !== account.metadata.uid) ? undefined : account;
}

async function fill(secret: Secret, account: ServiceAccount, options: SecretTokenOptions, { client }: ControllerContext): Promise<void> {
  const { data = {} } = secret;
  const ca = base64(options.caBundle);
  const [namespace, identity] = [namespaceOf(secret), { name: nameOf(account), uid: account.metadata.uid! }];
  if (data['ca.crt'] === ca && data['namespace'] && data['token']) return;
  const filled = {
    'ca.crt': ca,
    namespace: data['namespace'] || base64(namespace),
    token: data['token'] || base64(options.token(namespace, identity, { name: nameOf(secret), uid: secret.metadata.uid! })),
  };
  await client.update<Secret>('secrets', {
    ...secret,
    metadata: { ...secret.metadata, annotations: { ...secret.metadata.annotations, [ACCOUNT_NAME]: identity.name, [ACCOUNT_UID]: identity.uid } },
    data: { ...data, ...filled },
  });
}

export function serviceAccountTokenController(options: SecretTokenOptions): Controller {
  async function reconcile(key: Key, context: ControllerContext): Promise<Result> {
    const { namespace, name } = splitKey(key);
    const secret = context.cache.get<Secret>('secrets', namespace, name);
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined || accountNameOf(secret) === undefined) return {};
    try {
      const account = await accountOf(secret, context);
      if (account === undefined) await context.client.delete('secrets', namespace, name, { preconditions: { uid: secret.metadata.uid! } });
      else await fill(secret, account, options, context);
    } catch (error) {
      // changed or gone meanwhile: that brings the key back
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    return {};
  }

  return {
    name: 'serviceaccount-token-controller',
    watches: [
      { resource: 'secrets', keys: ({ now }: Mapped): readonly Key[] => (now !== undefined && accountNameOf(now as Secret) !== undefined ? [keyOf(now)] : []) },
      {
        resource: 'serviceaccounts',
        keys: ({ old, now }: Mapped, cache: Cache): readonly Key[] => {
          // created: one may have waited for nothing; replaced or deleted: its tokens go
          if (old !== undefined && now !== undefined && old.metadata.uid === now.metadata.uid) return [];
          const account = (now ?? old)!;
          return cache
            .list<Secret>('secrets', namespaceOf(account))
            .filter((secret) => accountNameOf(secret) === nameOf(account))
            .map(keyOf);
        },
      },
    ],
    reconcile,
  };
}
