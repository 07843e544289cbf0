/** How long Docker may take for each verb, in milliseconds. A busy engine starts 30 containers in some 20 s; what takes longer than this hangs. */
export const DEADLINE = {
  ping: 5_000,
  version: 10_000,
  list: 30_000,
  inspect: 20_000,
  create: 90_000,
  start: 90_000,
  /** Beyond the grace that the caller gives. */
  stop: 30_000,
  remove: 60_000,
  update: 20_000,
  exec: 20_000,
  stats: 20_000,
  image: 30_000,
  import: 60_000,
  /** A pull ends when nothing moved for this long, however long it takes in all. */
  pullSilence: 60_000,
} as const;
