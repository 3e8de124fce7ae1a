// The control API of the fake, under /sandbox: faults, clock, webhooks, 3-D Secure, books. JSON in and
// out. It has no counterpart at Stripe; tests, the simulator and the audit steer and read through it.
import type { Connect } from './connect.ts';
import type { Disputes, DisputeWish } from './disputes.ts';
import { FAULT_KINDS, type FaultRule, type createFaults } from '../provider/faults.ts';
import type { Lies } from '../provider/lies.ts';
import type { Payments } from './payments.ts';
import type { Account, State } from './state.ts';
import { viewCharge, viewIntent, viewPayout, viewRefund, viewTransfer } from './views.ts';
import type { WebhookMode, Webhooks } from './webhooks.ts';

export type ControlOptions = {
  readonly state: State;
  readonly payments: Payments;
  readonly disputes: Disputes;
  readonly connect: Connect;
  readonly faults: ReturnType<typeof createFaults>;
  readonly webhooks: Webhooks;
  readonly lies: Lies;
};

export type ControlReply = { readonly status: number; readonly body: unknown };

const ok = (body: unknown): ControlReply => ({ status: 200, body });
const bad = (message: string): ControlReply => ({ status: 400, body: { error: message } });

export type ControlRequest = {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
};

export type Control = ReturnType<typeof createControl>;

type DisputeTools = Pick<ControlOptions, 'state' | 'disputes' | 'webhooks'>;

function createDisputeControl({ state, disputes, webhooks }: DisputeTools) {
  /** The payer's bank takes a captured payment back. The dispute's id; undefined: there is nothing to take. */
  function dispute(intentId: string, wish: DisputeWish = {}): string | undefined {
    const intent = state.intents.get(intentId);
    const opened = intent === undefined ? undefined : disputes.open(intent, wish);
    state.flush();
    void webhooks.dispatch();
    return opened?.id;
  }

  /** The bank's word. The dispute's status afterwards; undefined: no such dispute. */
  function decideDispute(
    id: string,
    outcome: 'won' | 'lost',
    feeBackMinor = 0,
  ): string | undefined {
    const known = disputes.find(id);
    const next = known === undefined ? undefined : disputes.close(known, outcome, feeBackMinor);
    state.flush();
    void webhooks.dispatch();
    return next?.status;
  }

  function chargeDisputeFee(id: string): void {
    const known = disputes.find(id);
    if (known) disputes.chargeFee(known);
    state.flush();
    void webhooks.dispatch();
  }

  return { dispute, decideDispute, chargeDisputeFee };
}

type ConnectTools = Pick<ControlOptions, 'state' | 'connect' | 'webhooks'>;

function createConnectControl({ state, connect, webhooks }: ConnectTools) {
  function told<T>(work: T): T {
    state.flush();
    void webhooks.dispatch();
    return work;
  }

  return {
    /** The new account's id. */
    openAccount: (wish: Partial<Omit<Account, 'id'>> = {}): string =>
      told(connect.openAccount(wish)).id,
    /** False: no such account. */
    changeAccount(id: string, wish: Partial<Omit<Account, 'id'>>): boolean {
      const account = state.accounts.get(id);
      if (account) told(connect.changeAccount(account, wish));
      return account !== undefined;
    },
    /** The bank's word on a payout; undefined: no such payout. */
    decidePayout(id: string, status: 'paid' | 'failed'): string | undefined {
      const payout = state.payouts.get(id);
      return payout && told(connect.decide(payout, status)).status;
    },
    limitBalance: connect.limitBalance,
  };
}

export function createControl(options: ControlOptions) {
  const { state, payments, disputes, faults, webhooks, lies } = options;
  function addFault(rule: FaultRule): number {
    if (!FAULT_KINDS.includes(rule.kind)) throw new Error(`unknown fault kind ${rule.kind}`);
    return faults.add(rule);
  }

  /** Moves the fake's clock, ends the holds that this expires, and sends their events. */
  function moveClock(byMs: number): number {
    state.moveClock(byMs);
    payments.expireHolds();
    disputes.loseOverdue();
    state.flush();
    void webhooks.dispatch();
    return state.now();
  }

  /** The payer's part of 3-D Secure. The new status, or undefined if there was nothing to do. */
  function authenticate(intentId: string, outcome: 'succeed' | 'fail'): string | undefined {
    const intent = state.intents.get(intentId);
    const next = intent === undefined ? undefined : payments.authenticate(intent, outcome);
    state.flush();
    void webhooks.dispatch();
    return next?.status;
  }

  /** Every object, for the audit. */
  function books() {
    return {
      now: state.now(),
      payment_intents: [...state.intents.values()].map((intent) =>
        viewIntent(state, intent, ['latest_charge']),
      ),
      charges: [...state.charges.values()].flatMap((charge) => {
        const intent = state.intents.get(charge.intentId);
        return intent === undefined ? [] : [viewCharge({ charge, intent, expand: true })];
      }),
      refunds: [...state.refunds.values()].map((refund) =>
        viewRefund(refund, state.intents.get(refund.intentId)?.currency ?? ''),
      ),
      disputes: [...state.disputes.values()].map(disputes.show),
      transfers: [...state.transfers.values()].map(viewTransfer),
      payouts: [...state.payouts.values()].map((payout) => ({
        ...viewPayout(payout),
        account: payout.account,
      })),
    };
  }

  return {
    addFault,
    listFaults: faults.list,
    removeFaults: faults.remove,
    setRandomFaults: faults.setRandom,
    moveClock,
    authenticate,
    ...createDisputeControl({ state, disputes, webhooks }),
    ...createConnectControl(options),
    books,
    setWebhooks: (change: Partial<WebhookMode>): void => webhooks.setMode(change),
    releaseWebhooks: webhooks.release,
    viewWebhooks: webhooks.view,
    lies: lies.told,
    planLies: lies.plan,
    settleLies: lies.settle,
  };
}

function answerDispute(
  control: Control,
  { path, body }: Pick<ControlRequest, 'path' | 'body'>,
): ControlReply | undefined {
  const [, intentId] = /^\/sandbox\/payment_intents\/(\w+)\/dispute$/.exec(path) ?? [];
  const [, disputeId] = /^\/sandbox\/disputes\/(\w+)\/decide$/.exec(path) ?? [];
  if (intentId !== undefined) {
    const id = control.dispute(intentId, body);
    return id === undefined ? bad('there is nothing to dispute') : ok({ id });
  }
  if (disputeId === undefined) return undefined;
  const status = control.decideDispute(disputeId, body['outcome'] === 'won' ? 'won' : 'lost');
  return status === undefined ? bad('no such dispute') : ok({ id: disputeId, status });
}

function answerLies(
  control: Control,
  { method, path }: Pick<ControlRequest, 'method' | 'path'>,
): ControlReply | undefined {
  if (!path.startsWith('/sandbox/lies')) return undefined;
  if (method === 'POST') control.settleLies();
  return ok({ data: control.lies() });
}

function answerClock(control: Control, body: ControlRequest['body']): ControlReply {
  const byMs = Number(body['advanceMs']);
  return Number.isSafeInteger(byMs)
    ? ok({ now: control.moveClock(byMs) })
    : bad('advanceMs must be whole milliseconds');
}

/** The same by HTTP; undefined: no such route. */
export function createControlRoutes(control: Control) {
  function authenticate(path: string, body: ControlRequest['body']): ControlReply | undefined {
    const id = /^\/sandbox\/payment_intents\/(\w+)\/authenticate$/.exec(path)?.[1];
    if (id === undefined) return undefined;
    const status = control.authenticate(id, body['outcome'] === 'fail' ? 'fail' : 'succeed');
    return status === undefined
      ? { status: 409, body: { error: 'this payment intent does not wait for authentication' } }
      : ok({ id, status });
  }

  function addFault(body: ControlRequest['body']): ControlReply {
    const known = FAULT_KINDS.some((kind) => kind === body['kind']);
    if (!known) return bad(`kind must be one of ${FAULT_KINDS.join(', ')}`);
    return ok({ id: control.addFault(body as FaultRule) });
  }

  function removeFault({ method, path }: ControlRequest): ControlReply | undefined {
    const faultId = /^\/sandbox\/faults\/(\d+)$/.exec(path)?.[1];
    if (method !== 'DELETE' || faultId === undefined) return undefined;
    control.removeFaults(Number(faultId));
    return ok({});
  }

  return async function answer(request: ControlRequest): Promise<ControlReply | undefined> {
    const { method, path, body } = request;
    const early = answerLies(control, request) ?? removeFault(request);
    if (early) return early;
    switch (`${method} ${path}`) {
      case 'GET /sandbox/health':
        return ok({ status: 'up' });
      case 'GET /sandbox/books':
        return ok(control.books());
      case 'GET /sandbox/faults':
        return ok({ data: control.listFaults() });
      case 'POST /sandbox/faults':
        return addFault(body);
      case 'DELETE /sandbox/faults':
        control.removeFaults();
        return ok({});
      case 'POST /sandbox/faults/random':
        control.setRandomFaults({
          seed: Number(body['seed'] ?? 1),
          rate: Number(body['rate'] ?? 0),
        });
        return ok({});
      case 'POST /sandbox/clock':
        return answerClock(control, body);
      case 'POST /sandbox/accounts':
        return ok({ id: control.openAccount(body) });
      case 'GET /sandbox/webhooks':
        return ok(control.viewWebhooks());
      case 'POST /sandbox/webhooks':
        control.setWebhooks(body);
        return ok({});
      case 'POST /sandbox/webhooks/release':
        return ok({
          released: await control.releaseWebhooks(
            body['order'] === 'reversed' ? 'reversed' : 'in_order',
          ),
        });
      default:
        return method === 'POST'
          ? (authenticate(path, body) ?? answerDispute(control, request))
          : undefined;
    }
  };
}
