// Which code a worker runs: the bundle of its workflows and the build id that follows from it. Equal code has an
// equal id in every folder and on every machine; another one is another version of the deployment.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

export type WorkflowCode = { readonly code: string; readonly buildId: string };

/**
 * Bundles `workflows/` of the checkout in `root`. `buildId`: what the release calls itself (WAYBILL_BUILD_ID); without
 * one the id is a hash of the bundle.
 */
export async function bundleWorkflows({
  root = fileURLToPath(new URL('..', import.meta.url)),
  buildId,
}: { readonly root?: string; readonly buildId?: string | undefined } = {}): Promise<WorkflowCode> {
  const workflowsPath = join(root, 'workflows/index.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Run once for all workflows of a worker instead of once for each: none of the modules keeps anything.
    preloadModules: [workflowsPath],
    logger: new DefaultLogger('WARN'),
    // Modules are named by their path from here.
    webpackConfigHook: (config) => ({ ...config, context: root }),
  });
  return { code, buildId: buildId ?? hashOf(code) };
}

/** Without the source map, which holds absolute paths. */
const hashOf = (code: string): string =>
  createHash('sha256')
    .update(code.slice(0, code.lastIndexOf('//# sourceMappingURL')))
    .digest('hex')
    .slice(0, 12);
