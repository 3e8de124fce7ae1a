// Workflows that outlive every version follow the current one; orders, the default, stay on theirs (worker/main.ts).

import type { WorkflowDefinitionOptions } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';

/** For `setWorkflowOptions`. A worker without a version, as in tests, may not name a behaviour. */
export const followsCurrentVersion = (): WorkflowDefinitionOptions =>
  workflowInfo().currentDeploymentVersion?.deploymentName
    ? { versioningBehavior: 'AUTO_UPGRADE' }
    : {};
