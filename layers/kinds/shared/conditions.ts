/** `metav1.Condition` lists in a status (apimachinery `meta/v1/validation`). */
import { duplicate, invalid, notSupported, required, tooLong } from '#machinery/field-error.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { type Errors, checkText } from './check.ts';

export interface StandardCondition {
  readonly type?: string;
  readonly status?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string | null;
  readonly reason?: string;
  readonly message?: string;
}

const STATUSES = ['False', 'True', 'Unknown'];
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const REASON_TEXT =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";
const REASON_LENGTH = 1024;
const MESSAGE_LENGTH = 32_768;

export function checkConditions(errors: Errors, field: string, conditions: readonly StandardCondition[] | undefined): void {
  const seen = new Set<string>();
  (conditions ?? []).forEach(({ type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' }, index) => {
    const at = `${field}[${index}]`;
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type));
    seen.add(type);
    checkText(errors, `${at}.type`, type, isQualifiedName(type));
    if (!STATUSES.includes(status)) errors.push(notSupported(`${at}.status`, status, STATUSES));
    if (observedGeneration < 0) errors.push(invalid(`${at}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'));
    if (lastTransitionTime === undefined || lastTransitionTime === null) errors.push(required(`${at}.lastTransitionTime`));
    if (reason === '') errors.push(required(`${at}.reason`));
    else {
      if (!REASON.test(reason)) errors.push(invalid(`${at}.reason`, reason, REASON_TEXT));
      if (reason.length > REASON_LENGTH) errors.push(tooLong(`${at}.reason`, REASON_LENGTH));
    }
    if (message.length > MESSAGE_LENGTH) errors.push(tooLong(`${at}.message`, MESSAGE_LENGTH));
  });
}
