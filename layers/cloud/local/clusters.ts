/** The Clusters port in memory. */
import { ClusterExists, type ClusterRecord, type Clusters } from '../clusters/port.ts';

export function memoryClusters(records: readonly ClusterRecord[] = []): Clusters {
  const known = new Map(records.map((record) => [record.name, record]));
  const deleted = new Set<string>();
  return {
    get: async (name) => known.get(name),
    list: async () => Array.from(known.values()).sort((a, b) => (a.name < b.name ? -1 : 1)),
    async create(record) {
      if (known.has(record.name)) throw new ClusterExists(record.name);
      known.set(record.name, record);
    },
    async remove(name) {
      const record = known.get(name);
      if (record !== undefined) deleted.add(record.id);
      return known.delete(name);
    },
    deleted: async () => Array.from(deleted),
    forget: async (id) => void deleted.delete(id),
  };
}
