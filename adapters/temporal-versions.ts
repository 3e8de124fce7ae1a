// Worker versions as the engine keeps them: one deployment, in it versions by build id, and which of them new orders
// go to. https://docs.temporal.io/worker-versioning. Called by the worker at start and by `worker/deploy.ts`.

import type { Client, Connection } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import { status as grpcStatus } from '@grpc/grpc-js';
import proto from '@temporalio/proto';

export const deploymentName = 'waybill';

export type Fleet = {
  readonly connection: Connection;
  readonly client: Client;
  readonly namespace: string;
};

export type Role = 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';
export type VersionView = {
  readonly buildId: string;
  readonly role: Role;
  /** Epoch milliseconds when it was last current; 0: never. */
  readonly lastCurrentAt: number;
};
export type Routing = {
  /** Undefined: no version has been promoted yet. */
  readonly current: string | undefined;
  readonly ramping: { readonly buildId: string; readonly percent: number } | undefined;
  readonly versions: readonly VersionView[];
  /** Makes a change fail when somebody else changed the routing since. */
  readonly token: Uint8Array;
};

const { WorkerDeploymentVersionStatus: Status, VersioningBehavior } = proto.temporal.api.enums.v1;
const roles: ReadonlyMap<number, Role> = new Map<number, Role>([
  [Status.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT, 'current'],
  [Status.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING, 'ramping'],
  [Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING, 'draining'],
  [Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED, 'drained'],
]);
const callDeadlineMs = 10_000;

const within = <T>({ connection }: Fleet, call: () => Promise<T>): Promise<T> =>
  connection.withDeadline(Date.now() + callDeadlineMs, call);

type Timestamp = proto.google.protobuf.ITimestamp;
const msOf = (time: Timestamp | null | undefined): number => Number(time?.seconds ?? 0) * 1_000;

/** Undefined before the first worker has polled. */
export async function readRouting(fleet: Fleet): Promise<Routing | undefined> {
  try {
    const { connection, namespace } = fleet;
    const answer = await within(fleet, () =>
      connection.workflowService.describeWorkerDeployment({ namespace, deploymentName }),
    );
    const { routingConfig, versionSummaries } = answer.workerDeploymentInfo ?? {};
    const ramping = routingConfig?.rampingDeploymentVersion?.buildId;
    return {
      current: routingConfig?.currentDeploymentVersion?.buildId || undefined,
      ramping: ramping
        ? { buildId: ramping, percent: routingConfig?.rampingVersionPercentage ?? 0 }
        : undefined,
      versions: (versionSummaries ?? []).map(({ deploymentVersion, status, lastCurrentTime }) => ({
        buildId: deploymentVersion?.buildId ?? '',
        role: roles.get(status ?? 0) ?? 'inactive',
        lastCurrentAt: msOf(lastCurrentTime),
      })),
      token: answer.conflictToken ?? new Uint8Array(),
    };
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === grpcStatus.NOT_FOUND) return undefined;
    throw error;
  }
}

/**
 * New orders go to this version from now on; a ramp of it ends. Refused by the engine (FAILED_PRECONDITION) while no
 * worker of it polls every task queue that the present version serves, and (with `token`) after another change.
 */
export async function setCurrent(
  fleet: Fleet,
  { buildId, token }: { readonly buildId: string; readonly token?: Uint8Array },
): Promise<void> {
  const { connection, namespace } = fleet;
  const conflictToken = token === undefined ? {} : { conflictToken: token };
  await within(fleet, () =>
    connection.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName,
      buildId,
      ...conflictToken,
    }),
  );
}

/** `percent` of the new orders go to this version; an empty `buildId` ends the ramp. */
export async function setRamp(
  fleet: Fleet,
  { buildId, percent }: { readonly buildId: string; readonly percent: number },
): Promise<void> {
  const { connection, namespace } = fleet;
  await within(fleet, () =>
    connection.workflowService.setWorkerDeploymentRampingVersion({
      namespace,
      deploymentName,
      buildId,
      percentage: percent,
    }),
  );
}

/** Query for the open workflows that only a worker of this version may run. */
export const pinnedTo = (buildId: string): string =>
  `TemporalWorkerDeploymentVersion = '${deploymentName}:${buildId}'` +
  ` AND TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'`;

/** Query for the open workflows whose tasks fail again and again. */
export const inTrouble = `TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'`;

/** Of the visibility store: some moments behind. */
export async function countWorkflows(fleet: Fleet, query: string): Promise<number> {
  const { connection, namespace } = fleet;
  const { count } = await within(fleet, () =>
    connection.workflowService.countWorkflowExecutions({ namespace, query }),
  );
  return Number(count ?? 0);
}

type Execution = { readonly workflowId: string; readonly runId?: string };
const overrideFor = (
  buildId: string,
): proto.temporal.api.workflow.v1.IWorkflowExecutionOptions => ({
  versioningOverride: {
    pinned: {
      behavior:
        proto.temporal.api.workflow.v1.VersioningOverride.PinnedOverrideBehavior
          .PINNED_OVERRIDE_BEHAVIOR_PINNED,
      version: { deploymentName, buildId },
    },
  },
});
const overrideMask = { paths: ['versioning_override'] };

/** The workflow's next task goes to this version, whatever it was pinned to; undefined: it goes its own way again. */
export async function overrideVersion(
  fleet: Fleet,
  { workflowId, buildId }: Execution & { readonly buildId: string | undefined },
): Promise<void> {
  const { connection, namespace } = fleet;
  await within(fleet, () =>
    connection.workflowService.updateWorkflowExecutionOptions({
      namespace,
      workflowExecution: { workflowId },
      workflowExecutionOptions: buildId === undefined ? {} : overrideFor(buildId),
      updateMask: overrideMask,
    }),
  );
}

/**
 * Starts the workflow anew from its first task on this version: what was sent to it is sent again under the same ids.
 * Only for workflows whose steps are all written down elsewhere, as an order's are.
 */
export async function rebuild(
  fleet: Fleet,
  {
    workflowId,
    runId,
    firstTaskId,
    buildId,
    reason,
  }: Execution & {
    readonly buildId: string;
    /** Event id of the first completed (or failed) workflow task. */
    readonly firstTaskId: number;
    readonly reason: string;
  },
): Promise<void> {
  const { connection, namespace } = fleet;
  await within(fleet, () =>
    connection.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId, ...(runId === undefined ? {} : { runId }) },
      reason,
      workflowTaskFinishEventId: firstTaskId as never, // int64: a number is accepted
      requestId: `${workflowId}:${runId ?? ''}:${buildId}`,
      postResetOperations: [
        {
          updateWorkflowOptions: {
            workflowExecutionOptions: overrideFor(buildId),
            updateMask: overrideMask,
          },
        },
      ],
    }),
  );
}

/** Which version ran the workflow's last completed task, and whether its tasks fail now. */
export async function versionOf(
  { client }: Fleet,
  workflowId: string,
): Promise<{
  readonly buildId: string | undefined;
  readonly failing: boolean;
  readonly open: boolean;
}> {
  const { raw, status } = await client.workflow.getHandle(workflowId).describe();
  const info = raw.workflowExecutionInfo?.versioningInfo;
  const pinned = info?.behavior === VersioningBehavior.VERSIONING_BEHAVIOR_PINNED;
  return {
    buildId: pinned ? (info.deploymentVersion?.buildId ?? undefined) : undefined,
    failing: (raw.pendingWorkflowTask?.attempt ?? 0) > 1,
    open: status.name === 'RUNNING' || status.name === 'PAUSED',
  };
}
