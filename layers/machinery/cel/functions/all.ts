import { ADDRESSES } from './addresses.ts';
import { AUTHORIZATION } from './authorization.ts';
import { functionTable } from './declare.ts';
import { FORMATS_AND_URLS } from './formats.ts';
import { LISTS } from './lists.ts';
import { QUANTITIES } from './quantities.ts';
import { STANDARD } from './standard.ts';
import { STRINGS } from './strings.ts';

/** What Kubernetes 1.36 lets expressions call. */
export const FUNCTIONS = functionTable([...STANDARD, ...STRINGS, ...LISTS, ...ADDRESSES, ...QUANTITIES, ...FORMATS_AND_URLS, ...AUTHORIZATION]);
