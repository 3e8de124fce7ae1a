// An order on a real Temporal server with its outside world in memory: a write-once log that can be made to know
// more than the workflow, and a payment provider that answers as told. Time is skipped by the server.

import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { expect, inject, vi } from 'vitest';
import type {
  Activities,
  Looks,
  ReconcileActivities,
  RefundActivities,
  TipActivities,
} from '../../activities/contract.ts';
import type { Outcome } from '../../adapters/order-engine.ts';
import { engineOf, searchAttributes } from '../../adapters/temporal.ts';
import { newId } from '../../db/new-id.ts';
import type { Actor, OrderEvent } from '../../domain/events.ts';
import { orderWorkflowId } from '../../domain/ids.ts';
import type {
  ExternalCommand,
  OrderResult,
  PartnerResult,
  PaymentResult,
} from '../../domain/messages.ts';
import type { OrderFacts } from '../../domain/order.ts';
import type { PartnerCall } from '../../domain/partner.ts';
import type { PaymentCall } from '../../domain/payment-call.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { ensureNamespace } from '../../scripts/local/temporal-namespace.ts';
import type { Recorded, RecordInput } from '../../domain/step.ts';
import { plainDelivery } from './facts.ts';

export type World = Awaited<ReturnType<typeof createWorld>>;

const captureBeforeMs = 7 * 24 * 3_600_000;

/** The provider as it is when all is well. */
export function obliging(call: PaymentCall): PaymentResult {
  switch (call.step) {
    case 'authorize':
    case 'check':
      return {
        kind: 'paymentAuthorized',
        providerRef: 'pi_1',
        amountMinor: 2_350,
        captureBefore: Date.now() + captureBeforeMs,
      };
    case 'capture':
      return { kind: 'paymentCaptured', amountMinor: call.amountMinor };
    case 'void':
    case 'release':
      return { kind: 'paymentVoided' };
  }
}

const partnerDelivery = () => ({
  partnerRef: 'del_1',
  priceMinor: 940,
  pickupEtaAt: Date.now() + 600_000,
  dropoffEtaAt: Date.now() + 1_800_000,
  customerFault: false,
});

/** The partner fleet as it is when all is well: asked how far it is, it has delivered. */
export function obligingFleet(call: PartnerCall): PartnerResult {
  switch (call.step) {
    case 'quote':
      return { kind: 'partnerQuoted', quoteRef: 'dqt_1', priceMinor: 790 };
    case 'create':
      return { kind: 'partnerConfirmed', ...partnerDelivery() };
    case 'check':
      return { kind: 'partnerSeen', progress: 'delivered', ...partnerDelivery() };
    case 'cancel':
      return { kind: 'partnerCancelled', chargedMinor: 0 };
  }
}

export function factsOf(policy: Partial<Policy> = {}, of: Partial<OrderFacts> = {}): OrderFacts {
  return {
    ...plainDelivery,
    orderId: newId('order'),
    number: '1042',
    merchantId: newId('merchant'),
    branchId: newId('branch'),
    marketId: newId('market'),
    customerId: newId('customer'),
    placedAt: Date.now(),
    currency: 'EUR',
    itemCount: 2,
    goodsMinor: 1_900,
    deliveryFeeMinor: 300,
    tipMinor: 150,
    totalMinor: 2_350,
    driverPayMinor: 400,
    commissionBps: 2_000,
    paymentMethod: 'pm_card_visa',
    travelMs: 600_000,
    policy: { ...defaultPolicy, ...policy },
    ...of,
  };
}

/** A write-once log with the contract of `record`. */
function createLog() {
  const logs = new Map<string, OrderEvent[]>();
  const of = (orderId: string): OrderEvent[] => {
    const log = logs.get(orderId) ?? [];
    logs.set(orderId, log);
    return log;
  };
  return {
    of,
    async record({
      facts,
      expectedSequence,
      commandId,
      actor,
      at,
      events,
    }: RecordInput): Promise<Recorded> {
      const log = of(facts.orderId);
      if (events.length === 0 || log.length >= expectedSequence) {
        return { kind: 'found', events: log.slice(expectedSequence - 1) };
      }
      log.push(
        ...events.map((body, i) => ({
          ...body,
          sequence: expectedSequence + i,
          at,
          actor,
          commandId,
        })),
      );
      return { kind: 'stored' };
    },
  };
}

/** The log as it is when all is well. */
export const atOnce = async (): Promise<void> => undefined;

const comparison: ReconcileActivities = {
  reconciliationBudgetMs: async () => 60_000,
  reconcile: async () => ({ compared: 1, differences: 0, healed: 0, vanished: 0 }),
};

/** One namespace per world, so that test files share a server and nothing else. */
export async function createWorld() {
  const address = inject('temporalAddress');
  const namespace = `test-${randomUUID()}`;
  await ensureNamespace({ address, namespace, searchAttributes, withinMs: 30_000 });
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const engine = engineOf(client, connection);
  const log = createLog();
  const calls: PaymentCall[] = [];
  let beforeRecord = atOnce;
  let provider: (call: PaymentCall) => PaymentResult | Promise<PaymentResult> = obliging;
  let fleet: (call: PartnerCall) => PartnerResult | Promise<PartnerResult> = obligingFleet;
  /** What bulk rounds leave, the last one first. */
  const rounds: number[] = [];
  /** What each look of the housekeeping was told. */
  const looked: (Looks | undefined)[] = [];
  let decided = false;
  const decision = <Yes extends string, No extends string>(yes: Yes, no: No) => {
    const isOver = decided;
    decided = false;
    return { status: isOver ? yes : no, isOver, waitMs: 3_600_000 };
  };
  const activities = {
    async record(input) {
      await beforeRecord();
      return log.record(input);
    },
    async callProvider({ call }) {
      calls.push(call);
      return provider(call);
    },
    askPartner: async ({ call }) => fleet(call),
    dispatchRound: async () => ({ open: 0, offersMade: 0, waitMs: 60_000 }),
    async maintain(input) {
      looked.push(input?.looks);
      return { waitMs: 60_000, looks: { lastAt: looked.length, backAt: 1 } };
    },
    isOrderRunning: async ({ orderId }) => (await engine.workflowOf(orderId)).kind === 'running',
    bulkRound: async () => ({ left: rounds.pop() ?? 0 }),
    advanceRefund: async () => decision('refunded', 'awaiting_approval'),
    advanceTip: async () => decision('paid', 'requires_action'),
    ...comparison,
  } satisfies Activities & RefundActivities & TipActivities & ReconcileActivities;
  const startWorkers = () => runWorkers({ connection: native, namespace, activities });
  let workers = await startWorkers();

  return {
    client,
    engine,
    log,
    calls,
    rounds,
    looked,
    decideRefunds: () => void (decided = true),
    answerWith: (next: typeof provider) => void (provider = next),
    fleetAnswersWith: (next: typeof fleet) => void (fleet = next),
    /** What the log needs before it writes. */
    recordAfter: (next: typeof beforeRecord) => void (beforeRecord = next),
    stopWorkers: () => workers.stop(),
    async startWorkers(): Promise<void> {
      workers = await startWorkers();
    },
    async close(): Promise<void> {
      await workers.stop();
      await connection.close();
      await native.close();
    },
  };
}

type WorkerNeeds = Pick<WorkerOptions, 'connection' | 'namespace' | 'activities'>;

async function runWorkers(needs: WorkerNeeds): Promise<{ readonly stop: () => Promise<void> }> {
  const workers = await Promise.all([
    Worker.create({
      ...needs,
      taskQueue: 'orders',
      workflowBundle: { codePath: inject('bundlePath') },
      stickyQueueScheduleToStartTimeout: '1s',
    }),
    Worker.create({ ...needs, taskQueue: 'payments' }),
    Worker.create({ ...needs, taskQueue: 'dispatch' }),
  ]);
  const runs = workers.map((worker) => worker.run());
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
    },
  };
}

const merchant: Actor = { kind: 'merchant', id: 'key_test' };

export type Handle = ReturnType<typeof orderIn>;

/** A handle on one order: place it, command it, let time pass, read its end. */
export function orderIn(world: World, facts: OrderFacts = factsOf()) {
  const { engine, client, log } = world;
  const { orderId } = facts;
  const handle = client.workflow.getHandle<() => Promise<OrderResult>>(orderWorkflowId(orderId));
  let sent = 0;
  const send = (command: ExternalCommand, commandId = `cmd-${sent++}`): Promise<Outcome> =>
    engine.send({ orderId, command, actor: merchant, commandId, deadlineMs: 10_000 });
  return {
    orderId,
    handle,
    place: (): Promise<Outcome> => engine.place({ facts, deadlineMs: 10_000 }),
    send,
    events: () => log.of(orderId),
    types: () => log.of(orderId).map((event) => event.type),
    /** Resolves when the log holds an event of this type. */
    seen: (type: string) =>
      vi.waitFor(() => expect(log.of(orderId).map((event) => event.type)).toContain(type), {
        timeout: 10_000,
        interval: 20,
      }),
    result: () => handle.result(),
    skipTime: () => skipTime(client, handle),
  };
}

/** From here on the server lets the workflow's idle time pass at once. */
export async function skipTime(
  { workflowService, options: { namespace } }: Client,
  { workflowId }: Pick<WorkflowHandle, 'workflowId'>,
): Promise<void> {
  await workflowService.updateWorkflowExecutionOptions({
    namespace,
    workflowExecution: { workflowId },
    workflowExecutionOptions: { timeSkippingConfig: { enabled: true } },
    updateMask: { paths: ['time_skipping_config'] },
  });
}
