/** What is left of a storage class in a part of the cluster. */
import type { CSIStorageCapacity } from '#kinds/generated/types.ts';
import { type FieldError, invalid } from '#machinery/field-error.ts';
import { isDNS1123Subdomain } from '#machinery/names.ts';
import { behaviour } from '../behaviour.ts';
import { quantityOf } from '../core/pod/validate-resources.ts';
import { NOT_NEGATIVE, checkImmutable, checkText } from '../shared/check.ts';
import { text } from '../shared/columns.ts';
import { checkLabelSelector } from '../shared/selector.ts';

export const csiStorageCapacity = behaviour<CSIStorageCapacity>({
  needsVersion: true,
  validate({ nodeTopology, storageClassName = '', capacity }) {
    const errors: FieldError[] = [];
    checkLabelSelector(errors, 'nodeTopology', nodeTopology);
    checkText(errors, 'storageClassName', storageClassName, isDNS1123Subdomain(storageClassName));
    if (capacity !== undefined && quantityOf(capacity).nano < 0n) errors.push(invalid('capacity', capacity, NOT_NEGATIVE));
    return errors;
  },
  validateUpdate(now, old) {
    const errors: FieldError[] = [];
    checkImmutable(errors, 'nodeTopology', now.nodeTopology, old.nodeTopology);
    checkImmutable(errors, 'storageClassName', now.storageClassName, old.storageClassName);
    return errors;
  },
  columns: [
    text('StorageClassName', 'storageClassName represents the name of the StorageClass that the reported capacity applies to.'),
    text('Capacity', 'capacity is the value reported by the CSI driver in its GetCapacityResponse.'),
  ],
  row: ({ storageClassName, capacity }) => ({ cells: [storageClassName, capacity ?? '<unset>'] }),
});
