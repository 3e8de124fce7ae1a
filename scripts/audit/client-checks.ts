// Item 4: what clients were promised ⇔ rows ⇔ workflows; nothing unfinished, nothing stuck.

import type { ClientAction, ClientLogLine } from '../../sandbox/city/client-log.ts';
import { findingOf, type AuditedOrder, type AuditData, type Breach, type Check } from './data.ts';

type Promised = Extract<ClientLogLine, { kind: 'answer' }>;

const promises = ({ clientLog }: AuditData): readonly Promised[] =>
  clientLog.flatMap((line) => (line.kind === 'answer' ? [line] : []));

const placedIsThere: Check = {
  id: 'placed-has-row',
  item: 4,
  says: 'every order that a client was told is placed has a row, one per request',
  run: (data) => {
    const rows = new Set(data.orders.map((order) => order.id));
    const placed = promises(data).filter((line) => line.action === 'place');
    const byKey = new Map(placed.map((line) => [line.idempotencyKey, line.orderId]));
    return findingOf(placed, ({ orderId, idempotencyKey }) => [
      ...(rows.has(orderId) ? [] : [{ order: orderId, expected: 'a row', actual: 'none' }]),
      ...(byKey.get(idempotencyKey) === orderId
        ? []
        : [
            {
              order: orderId,
              expected: `one order for key ${idempotencyKey}`,
              actual: byKey.get(idempotencyKey) ?? '',
            },
          ]),
    ]);
  },
};

const rowWasPromised: Check = {
  id: 'row-was-placed',
  item: 4,
  says: 'every order of the city’s merchants was placed by one of its clients',
  run: (data) => {
    const playedUntil = lastAnswers(data.clientLog);
    const whole = new Set(
      data.clientLog.flatMap((line) => (line.kind === 'day_ended' ? line.merchantIds : [])),
    );
    const placed = new Set(promises(data).map((line) => line.orderId));
    // Later than the last answer somebody else may have placed it, by hand.
    const rows = data.orders.filter(
      (order) =>
        order.sequence > 0 &&
        whole.has(order.merchantId) &&
        order.placedAt <= (playedUntil.get(order.merchantId) ?? 0),
    );
    return findingOf(rows, ({ id }) =>
      placed.has(id)
        ? []
        : [{ order: id, expected: 'a client that was told of it', actual: 'none' }],
    );
  },
};

/** Per merchant of a played day: when its clients got their last answer. */
function lastAnswers(clientLog: readonly ClientLogLine[]): ReadonlyMap<string, number> {
  let merchantIds: readonly string[] = [];
  const until = new Map<string, number>();
  for (const line of clientLog) {
    if (line.kind === 'day') ({ merchantIds } = line);
    if (line.kind === 'answer') merchantIds.forEach((id) => until.set(id, Date.parse(line.at)));
  }
  return until;
}

/** One of these events is what a client was promised. */
export const effectOf: Readonly<Record<ClientAction, readonly string[]>> = {
  place: ['order.placed'],
  accept: ['order.accepted', 'order.prescription_asked'],
  ready: ['order.ready'],
  cancel: ['order.cancelled'],
  payment: ['payment.authorizing'],
  'pick-up': ['delivery.picked_up'],
  deliver: ['delivery.delivered'],
  abandon: ['delivery.unassigned'],
  deny: ['order.denied'],
  'approve-prescription': ['order.accepted'],
  'reject-prescription': ['order.denied'],
  shortages: ['order.shortage_reported'],
  'shortage-answer': ['order.shortage_resolved', 'order.cancelled'],
  'hand-over': ['order.handed_over'],
  remittance: ['payment.remitted', 'payment.short'],
  'arrive-at-pickup': ['delivery.arrived_at_pickup'],
  'fail-pickup': ['order.failed'],
  'arrive-at-dropoff': ['delivery.arrived_at_dropoff'],
  contact: ['delivery.contact_attempted'],
  'fail-dropoff': ['delivery.return_started', 'delivery.delivered', 'delivery.discarded'],
  problem: ['delivery.problem_reported'],
  'arrive-at-return': ['delivery.arrived_at_return'],
  'complete-return': ['delivery.returned'],
  remake: ['order.remade'],
  transfer: ['delivery.transferred'],
  'change-address': ['order.address_changed'],
  redeliver: ['delivery.redelivery_started'],
  'mark-lost': ['order.failed'],
  'mark-damaged': ['order.failed'],
};

const promisesAreKept: Check = {
  id: 'promised-has-event',
  item: 4,
  says: 'every command that a client was told is done is an event of its order',
  run: (data) => {
    const orders = new Map(data.orders.map((order) => [order.id, order]));
    return findingOf(
      promises(data).filter((line) => line.action !== 'place'),
      ({ action, orderId }) => {
        const types = effectOf[action];
        const done = orders.get(orderId)?.events.some(({ type }) => types.includes(type)) === true;
        return done
          ? []
          : [
              {
                order: orderId,
                expected: `${types.join(' or ')} after ${action}`,
                actual: 'no such event',
              },
            ];
      },
    );
  },
};

const rowHasWorkflow: Check = {
  id: 'row-has-workflow',
  item: 4,
  says: 'every order has a workflow: closed when the order is over, running while it is not',
  run: (data) =>
    findingOf(
      data.orders.filter((order) => order.sequence > 0),
      (order) => hasWorkflow(order, data),
    ),
};

function hasWorkflow(
  order: AuditedOrder,
  { workflows, retentionMs, now }: AuditData,
): readonly Breach[] {
  const workflow = workflows.get(order.id);
  const wanted = order.isOver ? 'completed' : 'running';
  if (workflow?.status === wanted) return [];
  const forgotten = workflow === undefined && order.isOver && now - order.updatedAt > retentionMs;
  // What moved while the books were read is judged at the next audit.
  const justMoved =
    workflow !== undefined &&
    now - order.updatedAt < 10_000 &&
    ['completed', 'running'].includes(workflow.status);
  return forgotten || justMoved
    ? []
    : [{ order: order.id, expected: `a ${wanted} workflow`, actual: workflow?.status ?? 'none' }];
}

const workflowHasRow: Check = {
  id: 'workflow-has-row',
  item: 4,
  says: 'every order workflow has a row',
  run: ({ orders, workflows }) => {
    const rows = new Set(orders.map((order) => order.id));
    return findingOf([...workflows.keys()], (id) =>
      rows.has(id) ? [] : [{ order: id, expected: 'a row', actual: 'none' }],
    );
  },
};

const unfinishedMs = 120_000;

const draftsAreFinished: Check = {
  id: 'drafts-finished',
  item: 4,
  says: 'no draft is older than two minutes',
  run: ({ orders, now }) =>
    findingOf(
      orders.filter((order) => order.sequence === 0),
      (order): readonly Breach[] =>
        now - order.placedAt < unfinishedMs
          ? []
          : [
              {
                order: order.id,
                expected: 'placed or refused',
                actual: `a draft for ${Math.round((now - order.placedAt) / 1_000)} s`,
              },
            ],
    ),
};

const noneIsPastItsBound: Check = {
  id: 'none-overdue',
  item: 4,
  says: 'no order is more than two minutes past its deadline',
  run: ({ orders, now }) =>
    findingOf(
      orders.filter((order) => !order.isOver && order.sequence > 0),
      ({ id, deadlineAt, updatedAt }) => {
        // Without a deadline a payment call is under way, and answers.
        const late = now - (deadlineAt ?? updatedAt);
        return late < unfinishedMs
          ? []
          : [
              {
                order: id,
                expected: 'moved on at its deadline',
                actual: `${Math.round(late / 1_000)} s late`,
              },
            ];
      },
    ),
};

const stuckAttempts = 5;
const healthy: ReadonlySet<string> = new Set(['running', 'completed', 'continued_as_new']);

const noTaskIsStuck: Check = {
  id: 'no-stuck-task',
  item: 4,
  says: 'no workflow failed, and no workflow task is tried again and again',
  run: ({ workflows, otherWorkflows }) =>
    findingOf([...workflows.values(), ...otherWorkflows], ({ workflowId, status, taskAttempt }) => [
      ...(healthy.has(status)
        ? []
        : [{ order: workflowId, expected: 'running or completed', actual: status }]),
      ...(taskAttempt >= stuckAttempts
        ? [
            {
              order: workflowId,
              expected: 'a workflow task that succeeds',
              actual: `attempt ${taskAttempt}`,
            },
          ]
        : []),
    ]),
};

export const clientChecks: readonly Check[] = [
  placedIsThere,
  rowWasPromised,
  promisesAreKept,
  rowHasWorkflow,
  workflowHasRow,
  draftsAreFinished,
  noneIsPastItsBound,
  noTaskIsStuck,
];
