/**
 * `authorizer` in policies (apiserver `pkg/cel/library/authz.go`): checks are collected by methods and decided by whoever bound the
 * authorizer. Expressions run at once and cannot wait: a decision that is not known yet is asked for by throwing, and the expression runs again.
 */
import { isDNS1123Label, isDNS1123Subdomain } from '../../names.ts';
import { CelEvaluationError } from '../api.ts';
import { Opaque } from '../values.ts';
import { overload, type Overload } from './declare.ts';

export interface CelCheck {
  /** A service account in place of the caller. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  readonly path: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

export interface CelDecision {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}

/** @returns the decision, or throws where it must be awaited first */
export type CelDecide = (check: CelCheck) => CelDecision;

const NO_CHECK: Omit<CelCheck, 'verb'> = { path: '', isResource: false, group: '', resource: '', subresource: '', namespace: '', name: '', fieldSelector: '', labelSelector: '' };

class Check extends Opaque {
  readonly typeName: string;
  readonly decide: CelDecide;
  readonly check: Omit<CelCheck, 'verb'>;
  constructor(type: 'Authorizer' | 'PathCheck' | 'GroupCheck' | 'ResourceCheck', decide: CelDecide, check: Omit<CelCheck, 'verb'>) {
    super();
    this.typeName = `kubernetes.authorization.${type}`;
    this.decide = decide;
    this.check = check;
  }
  equals(other: Opaque): boolean {
    return this === other;
  }
}

class Decision extends Opaque {
  readonly typeName = 'kubernetes.authorization.Decision';
  readonly decision: CelDecision;
  constructor(decision: CelDecision) {
    super();
    this.decision = decision;
  }
  equals(other: Opaque): boolean {
    return this === other;
  }
}

export const authorizerValue = (decide: CelDecide): Opaque => new Check('Authorizer', decide, NO_CHECK);
export const resourceAuthorizerValue = (decide: CelDecide, of: Pick<CelCheck, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>): Opaque =>
  new Check('ResourceCheck', decide, { ...NO_CHECK, isResource: true, ...of });

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};
const resourceWith = (name: keyof CelCheck) => (check: Check, value: string) => new Check('ResourceCheck', check.decide, { ...check.check, [name]: value });
const decided = (check: Check, verb: string): Decision => new Decision(check.decide({ ...check.check, verb }));
const A = 'kubernetes.authorization';

export const AUTHORIZATION: readonly Overload[] = [
  overload('authorizer_path', `${A}.Authorizer->path(string): ${A}.PathCheck`, (check: Check, path: string) =>
    path.trim() === '' ? fail('path must not be empty') : new Check('PathCheck', check.decide, { ...check.check, path }),
  ),
  overload(
    'authorizer_group',
    `${A}.Authorizer->group(string): ${A}.GroupCheck`,
    (check: Check, group: string) => new Check('GroupCheck', check.decide, { ...check.check, group }),
  ),
  overload('authorizer_serviceaccount', `${A}.Authorizer->serviceAccount(string, string): ${A}.Authorizer`, (check: Check, namespace: string, name: string) => {
    if (isDNS1123Subdomain(name).length > 0) fail('Invalid service account name');
    if (isDNS1123Label(namespace).length > 0) fail('Invalid service account namespace');
    return new Check('Authorizer', check.decide, { ...check.check, serviceAccount: { namespace, name } });
  }),
  overload('groupcheck_resource', `${A}.GroupCheck->resource(string): ${A}.ResourceCheck`, (check: Check, resource: string) =>
    resource.trim() === '' ? fail('resource must not be empty') : new Check('ResourceCheck', check.decide, { ...check.check, isResource: true, resource }),
  ),
  overload('resourcecheck_subresource', `${A}.ResourceCheck->subresource(string): ${A}.ResourceCheck`, resourceWith('subresource')),
  overload('resourcecheck_namespace', `${A}.ResourceCheck->namespace(string): ${A}.ResourceCheck`, resourceWith('namespace')),
  overload('resourcecheck_name', `${A}.ResourceCheck->name(string): ${A}.ResourceCheck`, resourceWith('name')),
  overload('authorizer_fieldselector', `${A}.ResourceCheck->fieldSelector(string): ${A}.ResourceCheck`, resourceWith('fieldSelector')),
  overload('authorizer_labelselector', `${A}.ResourceCheck->labelSelector(string): ${A}.ResourceCheck`, resourceWith('labelSelector')),
  overload('pathcheck_check', `${A}.PathCheck->check(string): ${A}.Decision`, decided),
  overload('resourcecheck_check', `${A}.ResourceCheck->check(string): ${A}.Decision`, decided),
  overload('decision_errored', `${A}.Decision->errored(): bool`, ({ decision }: Decision) => decision.error !== undefined),
  overload('decision_error', `${A}.Decision->error(): string`, ({ decision }: Decision) => decision.error ?? ''),
  overload('decision_allowed', `${A}.Decision->allowed(): bool`, ({ decision }: Decision) => decision.allowed),
  overload('decision_reason', `${A}.Decision->reason(): string`, ({ decision }: Decision) => decision.reason),
];
