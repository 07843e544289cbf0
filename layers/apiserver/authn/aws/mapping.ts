/** From AWS identities to users of a cluster: the cluster's own entries, and the ConfigMap `aws-auth` of kube-system as EKS reads it. */
import { parse } from 'yaml';
import type { Store } from '#store/port.ts';
import type { User } from '../port.ts';
import { AUTHENTICATED_GROUP } from '../port.ts';
import type { CallerIdentity } from './sts.ts';

export interface AwsAccess {
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** `arn:aws:sts::1:assumed-role/NAME/SESSION` is the role `arn:aws:iam::1:role/NAME`: sessions come and go. */
export function canonicalArn(arn: string): string {
  const match = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\/[^/]+$/.exec(arn);
  return match === null ? arn : `arn:${match[1]}:iam::${match[2]}:role/${match[3]}`;
}

/** STS leaves out the path of a role; entries may have it. */
export const withoutPath = (arn: string): string => arn.replace(/^(arn:[^:]+:iam::\d+:role\/)(?:[^/]+\/)+([^/]+)$/, '$1$2');

const sessionOf = (userId: string): string => userId.split(':')[1] ?? '';

/** `{{SessionName}}`, `{{SessionNameRaw}}`, `{{AccountID}}` and `{{AccessKeyID}}`-free templates of user names and groups. */
function filled(template: string, { account, userId }: CallerIdentity): string {
  const session = sessionOf(userId);
  return (
    template
      .replaceAll('{{AccountID}}', account)
      .replaceAll('{{SessionNameRaw}}', session)
      // an at-sign has a meaning of its own in user names
      .replaceAll('{{SessionName}}', session.replaceAll('@', '-'))
  );
}

export function mapIdentity(identity: CallerIdentity, entries: readonly AwsAccess[]): User | undefined {
  const arn = canonicalArn(identity.arn);
  const entry = entries.find((one) => withoutPath(one.arn).toLowerCase() === arn.toLowerCase());
  if (entry === undefined) return undefined;
  return {
    name: filled(entry.username, identity),
    uid: `aws-iam-authenticator:${identity.account}:${identity.userId.split(':')[0]}`,
    groups: [...entry.groups.map((group) => filled(group, identity)), AUTHENTICATED_GROUP],
    extra: { arn: [identity.arn], canonicalArn: [arn], sessionName: [sessionOf(identity.userId)], accountId: [identity.account] },
  };
}

/** The entries of `aws-auth`; what cannot be read is as if it were not there, since it must not lock out who could mend it. */
export async function awsAuth(store: Store): Promise<readonly AwsAccess[]> {
  const stored = await store.get({ resource: 'configmaps', namespace: 'kube-system', name: 'aws-auth' }, 'any');
  if (stored === undefined) return [];
  const { data = {} } = JSON.parse(Buffer.from(stored.body).toString()) as { readonly data?: Readonly<Record<string, string>> };
  const entriesOf = (name: string, field: 'rolearn' | 'userarn'): AwsAccess[] => {
    try {
      const list = (parse(data[name] ?? '[]') ?? []) as readonly Readonly<Record<string, unknown>>[];
      return list.flatMap((entry) => {
        const arn = entry[field];
        const username = entry['username'];
        const groups = entry['groups'];
        return typeof arn === 'string' ? [{ arn, username: typeof username === 'string' ? username : arn, groups: Array.isArray(groups) ? groups.map(String) : [] }] : [];
      });
    } catch {
      return [];
    }
  };
  return [...entriesOf('mapRoles', 'rolearn'), ...entriesOf('mapUsers', 'userarn')];
}
