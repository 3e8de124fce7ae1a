// Set-up of the "live" tests, once per run: the services with empty data, a migrated database that
// tests clone, and the workflow bundle. What tests need is given by `inject(…)`.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { dropDatabase, ensureDatabase } from '../../scripts/local/postgres.ts';
import { startServices, type Services } from '../../scripts/local/services.ts';
import { cloneDatabase, templateUrl } from './database.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A migrated database that all tests of the run share; `createTestDatabase` gives an own one. */
    readonly databaseUrl: string;
    readonly redisUrl: string;
    readonly temporalAddress: string;
    readonly temporalNamespace: string;
    readonly temporalUiUrl: string | undefined;
    readonly temporalMetricsUrl: string | undefined;
    /** File with the bundled workflows; empty while there are none. */
    readonly bundlePath: string;
  }
}

let services: Services | undefined;

export async function setup(project: TestProject): Promise<void> {
  services = await startServices({ profile: 'test', log: (line) => console.log(line) });
  const [bundlePath] = await Promise.all([bundle(services.folder), makeDatabases(services)]);
  project.provide('databaseUrl', services.databaseUrl);
  project.provide('redisUrl', services.redisUrl);
  project.provide('temporalAddress', services.temporalAddress);
  project.provide('temporalNamespace', services.temporalNamespace);
  project.provide('temporalUiUrl', services.temporalUiUrl);
  project.provide('temporalMetricsUrl', services.temporalMetricsUrl);
  project.provide('bundlePath', bundlePath);
}

export async function teardown(): Promise<void> {
  if (services === undefined) return;
  await dropDatabase(templateUrl(services.databaseUrl));
  await services.stop();
}

// The shared database becomes a clone too, so that it has the migrations.
async function makeDatabases({ databaseUrl }: Services): Promise<void> {
  const template = templateUrl(databaseUrl);
  await ensureDatabase(template);
  const { migrate } = await import('../../db/migrate.ts');
  await migrate(template);
  await dropDatabase(databaseUrl);
  await cloneDatabase({ from: template, to: databaseUrl });
}

async function bundle(folder: string): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  if (!existsSync(workflowsPath)) return '';
  const logger = new DefaultLogger('WARN');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  const path = join(folder, 'workflows.js');
  writeFileSync(path, code);
  return path;
}
