/** The CSI drivers of a node. */
import type { CSINode, CSINodeDriver } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, invalid, required } from '#machinery/field-error.ts';
import { isQualifiedName } from '#machinery/names.ts';
import { age } from '#machinery/time.ts';
import { behaviour } from '../behaviour.ts';
import { checkDriverName } from '../core/pod/validate-volumes.ts';
import { type Errors, checkImmutable, checkNotNegative, checkText } from '../shared/check.ts';
import { AGE, integer } from '../shared/columns.ts';

const ID_LENGTH = 256;

function checkDriver(errors: Errors, field: string, driver: Partial<CSINodeDriver>, names: Set<string>): void {
  const { name = '', nodeID = '', allocatable } = driver;
  // null where there are none, as Go writes it
  const topologyKeys = driver.topologyKeys ?? [];
  checkDriverName(errors, `${field}.name`, name);
  if (nodeID === '') errors.push(required(`${field}.nodeID`));
  if (nodeID.length > ID_LENGTH) errors.push(invalid(`${field}.nodeID`, nodeID, `must be ${ID_LENGTH} characters or less`));
  checkNotNegative(errors, `${field}.allocatable.count`, allocatable?.count);
  if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
  names.add(name);
  topologyKeys.forEach((key, index) => {
    if (key === '') errors.push(required(field));
    if (topologyKeys.indexOf(key) < index) errors.push(duplicate(field, key));
    checkText(errors, field, key, isQualifiedName(key));
  });
}

/** Everything but how many volumes it takes. */
const fixed = (driver: CSINodeDriver): object => ({ ...driver, allocatable: undefined });

export const csiNode = behaviour<CSINode>({
  needsVersion: true,
  validate({ spec }) {
    const errors: FieldError[] = [];
    const names = new Set<string>();
    (spec?.drivers ?? []).forEach((driver, index) => checkDriver(errors, `spec.drivers[${index}]`, driver, names));
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    for (const was of old.spec?.drivers ?? [])
      for (const driver of now.spec?.drivers ?? []) if (driver.name === was.name) checkImmutable(errors, 'spec.drivers', fixed(driver), fixed(was));
    return errors;
  },
  columns: [integer('Drivers', 'Drivers indicates the number of CSI drivers registered on the node'), AGE],
  row: ({ metadata, spec }, now) => ({ cells: [(spec?.drivers ?? []).length, age(metadata.creationTimestamp, now)] }),
});
