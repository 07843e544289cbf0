/** Priority levels: how much of the server requests of a kind may take. */
import type { LimitResponse, PriorityLevelConfiguration, PriorityLevelConfigurationSpec, QueuingConfiguration } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import type { Errors } from '../shared/check.ts';
import { AGE, text } from '../shared/columns.ts';
import { statusOnlyDoor } from '../shared/workload.ts';
import { checkTypes } from './flow-schema.ts';
import { EXEMPT, MANDATORY_LEVELS } from './mandatory.ts';

const PRESERVE_ZERO = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';
const MAX_QUEUES = 10_000_000;
/** Bits of the hash that deals the queues. */
const HASH_BITS = 60;
const DEFAULTS = { shares: 30, queues: 64, handSize: 8, queueLengthLimit: 50 };

const entropyBits = (queues: number, hand: number): number => Math.ceil(Array.from({ length: hand }, (_, at) => Math.log2(queues - at)).reduce((sum, bits) => sum + bits, 0));

function checkQueuing(errors: Errors, field: string, { queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration): void {
  if (queueLengthLimit <= 0) errors.push(invalid(`${field}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(invalid(`${field}.queues`, queues, 'must be positive'));
  else if (queues > MAX_QUEUES) errors.push(invalid(`${field}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  if (handSize <= 0) errors.push(invalid(`${field}.handSize`, handSize, 'must be positive'));
  else if (handSize > queues) errors.push(invalid(`${field}.handSize`, handSize, `should not be greater than queues (${queues})`));
  // each card has a bit at least: no need to count on
  else if (handSize > HASH_BITS || entropyBits(queues, handSize) > HASH_BITS)
    errors.push(invalid(`${field}.handSize`, handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`));
}

function checkResponse(errors: Errors, field: string, { type, queuing }: Partial<LimitResponse>): void {
  if (!type) errors.push(required(`${field}.type`));
  else if (type === 'Reject') {
    if (queuing !== undefined) errors.push(forbidden(`${field}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (type !== 'Queue') errors.push(notSupported(`${field}.type`, type, ['Queue', 'Reject']));
  else if (queuing === undefined) errors.push(required(`${field}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
  else checkQueuing(errors, `${field}.queuing`, queuing);
}

function checkShares(errors: Errors, field: string, level: { readonly nominalConcurrencyShares?: number | null; readonly lendablePercent?: number }): void {
  const { nominalConcurrencyShares: shares, lendablePercent: lendable } = level;
  if ((shares ?? 0) < 0) errors.push(invalid(`${field}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
  if (lendable !== undefined && !(lendable >= 0 && lendable <= 100)) errors.push(invalid(`${field}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive'));
}

function checkSpec(errors: Errors, name: string, { type, limited, exempt }: Partial<PriorityLevelConfigurationSpec>): void {
  if ((name === EXEMPT) !== (type === 'Exempt')) errors.push(invalid('spec.type', type ?? '', "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (!type) errors.push(required('spec.type'));
  else if (type === 'Exempt') {
    if (limited !== undefined) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'));
    if (exempt !== undefined) checkShares(errors, 'spec.exempt', exempt);
  } else if (type === 'Limited') {
    if (exempt !== undefined) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
    if (limited === undefined) {
      errors.push(required('spec.limited', 'must not be empty when type is Limited'));
      return;
    }
    checkShares(errors, 'spec.limited', limited);
    checkResponse(errors, 'spec.limited.limitResponse', limited.limitResponse ?? {});
    const borrow = limited.borrowingLimitPercent;
    if (borrow !== undefined && borrow < 0) errors.push(invalid('spec.limited.borrowingLimitPercent', borrow, 'if specified, must be a non-negative integer'));
  } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
}

function checkMandatory(errors: Errors, name: string, spec: Partial<PriorityLevelConfigurationSpec>): void {
  const fixed = MANDATORY_LEVELS[name];
  if (fixed === undefined) return;
  if (name === EXEMPT) {
    const { exempt: _, ...rest } = spec;
    if (!semanticEqual(rest, { type: fixed.type })) errors.push(invalid('spec', spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`));
  } else if (!semanticEqual(spec, fixed)) errors.push(invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
}

export const priorityLevelConfiguration = behaviour<PriorityLevelConfiguration>({
  defaults({ spec }) {
    if (spec?.exempt !== undefined) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    const limited = spec?.limited;
    if (limited === undefined) return;
    limited.nominalConcurrencyShares ??= DEFAULTS.shares;
    limited.lendablePercent ??= 0;
    const queuing = limited.limitResponse?.queuing;
    if (queuing === undefined) return;
    queuing.handSize ||= DEFAULTS.handSize;
    queuing.queues ||= DEFAULTS.queues;
    queuing.queueLengthLimit ||= DEFAULTS.queueLengthLimit;
  },
  validate({ metadata, spec }) {
    const errors: FieldError[] = [];
    if (metadata.annotations?.[PRESERVE_ZERO] !== undefined) errors.push(forbidden('metadata.annotations', `annotation '${PRESERVE_ZERO}' is forbidden`));
    checkSpec(errors, metadata.name ?? '', spec ?? {});
    checkMandatory(errors, metadata.name ?? '', spec ?? {});
    return errors;
  },
  stored: {
    status: statusOnlyDoor<PriorityLevelConfiguration>(({ status }) => {
      const errors: FieldError[] = [];
      checkTypes(errors, status?.conditions);
      return errors;
    }),
  },
  columns: [
    text('Type', '`type` indicates whether this priority level is subject to limitation on request execution.'),
    text('NominalConcurrencyShares', '`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit (NominalCL) of this level.'),
    text('Queues', '`queues` is the number of queues for this priority level.'),
    text('HandSize', '`handSize` is a small positive number that configures the shuffle sharding of requests into queues.'),
    text(
      'QueueLengthLimit',
      '`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time; excess requests are rejected.',
    ),
    AGE,
  ],
  row: ({ metadata, spec }, now) => {
    const queuing = spec?.limited?.limitResponse?.queuing;
    return {
      cells: [
        spec?.type ?? '',
        spec?.limited?.nominalConcurrencyShares ?? '<none>',
        queuing?.queues ?? '<none>',
        queuing?.handSize ?? '<none>',
        queuing?.queueLengthLimit ?? '<none>',
        age(metadata.creationTimestamp, now),
      ],
    };
  },
});
