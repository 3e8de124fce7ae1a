// Two projects: "pure" needs nothing and runs in seconds; "live" runs on real PostgreSQL, Redis and
// Temporal servers, brought up once per run by its global set-up.
import { defineConfig } from 'vitest/config';

const pure = [
  'test/domain/**/*.test.ts',
  'test/dispatch/**/*.test.ts',
  'test/tidy.test.ts',
  'test/scripts/**/*.test.ts',
  'test/adapters/stripe-openapi.test.ts',
  'test/sandbox/city-plan.test.ts',
  'test/sandbox/fates.test.ts',
  'test/sandbox/city-currency.test.ts',
  'test/sandbox/lies.test.ts',
];
const shared = { pool: 'forks', environment: 'node', testTimeout: 30_000 } as const;

export default defineConfig({
  test: {
    // On two cores: whoever plays an order mostly waits for it.
    maxWorkers: 3,
    projects: [
      { test: { ...shared, name: 'pure', include: pure } },
      {
        test: {
          ...shared,
          name: 'live',
          include: ['test/**/*.test.ts'],
          exclude: pure,
          globalSetup: ['test/support/global.ts'],
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
