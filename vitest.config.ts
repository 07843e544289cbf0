import { defineConfig } from 'vitest/config';

/** Unit and contract tests stand beside the code; what needs a cluster is in test/ and has projects of its own. */
export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'test/architecture/*.test.ts',
            'test/conformance/*.test.ts',
            'test/contract/*.test.ts',
            'test/fuzz/*.test.ts',
            'test/helpers/*.test.ts',
            'layers/**/*.test.ts',
            'node-agent/**/*.test.ts',
            'infra/**/*.test.ts',
            'cli/**/*.test.ts',
            'functions/**/*.test.ts',
          ],
          isolate: false,
          // properties are checked by computing: on a busy machine that takes its time
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
    maxWorkers: 2,
  },
});
