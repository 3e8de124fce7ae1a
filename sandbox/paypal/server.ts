// The fake PayPal: Orders v2 and Payments v2 as far as a delivery needs them. A repeated PayPal-Request-Id is answered
// with what the first one made. Authorizations are honoured for three days and end after 29. Amounts are decimals.
import {
  startFake,
  type FakeOptions,
  type JsonReply,
  type JsonRequest,
  type Lying,
} from '../provider/fake.ts';
import type { About } from '../provider/lies.ts';
import { newId } from '../provider/ids.ts';
import { openKept, type Kept } from '../provider/kept.ts';
import { createDisputes, type Money, type Outcome } from './disputes.ts';
import { eventHeaders, isSound } from './signature.ts';

type Made<T> = T & { readonly id: string; readonly amount: Money };
type Authorization = Made<{
  readonly status: 'CREATED' | 'CAPTURED' | 'VOIDED' | 'EXPIRED';
  readonly create_time: string;
}>;
type CaptureStatus =
  | 'COMPLETED'
  | 'PENDING'
  | 'DECLINED'
  | 'FAILED'
  | 'PARTIALLY_REFUNDED'
  | 'REFUNDED';
type Breakdown = {
  readonly gross_amount: Money;
  readonly paypal_fee: Money;
  readonly net_amount: Money;
};
type Capture = Made<{
  readonly status: CaptureStatus;
  /** Of what was taken. */
  readonly seller_receivable_breakdown?: Breakdown;
}>;
type Refund = Made<{
  readonly status: 'COMPLETED' | 'FAILED';
  readonly custom_id: string;
  readonly seller_payable_breakdown: Breakdown;
}>;
export type Order = {
  readonly id: string;
  readonly status: 'PAYER_ACTION_REQUIRED' | 'APPROVED' | 'COMPLETED';
  readonly unit: {
    readonly reference_id: string;
    readonly custom_id: string;
    readonly amount: Money;
  };
  readonly authorization?: Authorization;
  /** The last one. */
  readonly capture?: Capture;
  readonly refunds: readonly Refund[];
};

const DAY_MS = 24 * 3_600_000;
const VALID_MS = 29 * DAY_MS;
const reply = (status: number, body: unknown): JsonReply => ({ status, body });
const issue = (status: number, name: string): JsonReply =>
  reply(status, { name: 'UNPROCESSABLE_ENTITY', details: [{ issue: name }] });
/** Hundredths compare exactly in every currency that PayPal has. */
const hundredths = ({ value }: Money): number => Math.round(Number(value) * 100);

/** As many digits as `like` has. */
const moneyOf = (amount: number, { currency_code, value }: Money): Money => ({
  currency_code,
  value: (amount / 100).toFixed(value.split('.')[1]?.length ?? 0),
});
const breakdownOf = (gross: Money, paypal_fee: Money): Breakdown => ({
  gross_amount: gross,
  paypal_fee,
  net_amount: moneyOf(hundredths(gross) - hundredths(paypal_fee), gross),
});
/** 3.49 % and 0.39, a price of theirs; of a refund nothing is given back (paypal.com/us/business/paypal-business-fees). */
const receivable = (gross: Money): Breakdown =>
  breakdownOf(gross, moneyOf(Math.round(hundredths(gross) * 0.0349 + 39), gross));

const view = ({ id, status, unit, authorization, capture, refunds }: Order) => ({
  id,
  status,
  intent: 'AUTHORIZE',
  links: [{ rel: 'payer-action', href: `https://paypal.example/approve/${id}` }],
  purchase_units: [
    {
      ...unit,
      payments: {
        authorizations: authorization ? [authorization] : [],
        captures: capture ? [capture] : [],
        refunds,
      },
    },
  ],
});

type Books = {
  readonly orders: Kept<Order>;
  readonly disputes: ReturnType<typeof createDisputes>;
  readonly now: () => number;
  readonly tell: (type: string, order: Order) => void;
  /** What becomes of the next capture. */
  readonly nextCapture: () => CaptureStatus;
};

function create({ orders }: Books, body: JsonRequest['body']): JsonReply {
  const [unit] = (body['purchase_units'] ?? []) as readonly Order['unit'][];
  if (unit === undefined) return issue(422, 'MISSING_REQUIRED_PARAMETER');
  const { currency_code: currency, value } = unit.amount;
  if (['HUF', 'JPY', 'TWD'].includes(currency) && !/^\d+(\.0+)?$/.test(value))
    return issue(422, 'DECIMALS_NOT_SUPPORTED');
  if (['XAF', 'KWD'].includes(currency)) return issue(422, 'CURRENCY_NOT_SUPPORTED');
  const order: Order = { id: newId('PP'), status: 'PAYER_ACTION_REQUIRED', unit, refunds: [] };
  orders.put(order);
  return reply(201, view(order));
}

function authorize({ orders, now, tell }: Books, order: Order): JsonReply {
  if (order.status !== 'APPROVED') return issue(422, 'ORDER_NOT_APPROVED');
  const authorization: Authorization = {
    id: newId('AUTH'),
    status: 'CREATED',
    amount: order.unit.amount,
    create_time: new Date(now()).toISOString(),
  };
  const next: Order = { ...order, status: 'COMPLETED', authorization };
  orders.put(next);
  tell('PAYMENT.AUTHORIZATION.CREATED', next);
  return reply(201, view(next));
}

type Paid = Order & { readonly authorization: Authorization };

const states = {
  CAPTURED: 'AUTHORIZATION_ALREADY_CAPTURED',
  VOIDED: 'AUTHORIZATION_VOIDED',
  EXPIRED: 'AUTHORIZATION_EXPIRED',
} as const;

/** One that took nothing leaves the hold as it was. */
function take({ orders, tell, nextCapture }: Books, order: Paid, amount: Money): JsonReply {
  const { authorization } = order;
  if (authorization.status !== 'CREATED') return issue(422, states[authorization.status]);
  if (hundredths(amount) > hundredths(authorization.amount))
    return issue(422, 'MAX_CAPTURE_AMOUNT_EXCEEDED');
  const status = nextCapture();
  const made: Capture = {
    id: newId('CAP'),
    status,
    amount,
    ...(status === 'COMPLETED' && { seller_receivable_breakdown: receivable(amount) }),
  };
  const isOver = status === 'DECLINED' || status === 'FAILED';
  const next: Order = {
    ...order,
    capture: made,
    authorization: { ...authorization, status: isOver ? 'CREATED' : 'CAPTURED' },
  };
  orders.put(next);
  tell(`PAYMENT.CAPTURE.${isOver ? 'DENIED' : made.status}`, next);
  return reply(201, made);
}

function release({ orders, tell }: Books, order: Paid): JsonReply {
  const { authorization } = order;
  if (authorization.status !== 'CREATED') return issue(422, states[authorization.status]);
  const next: Order = { ...order, authorization: { ...authorization, status: 'VOIDED' } };
  orders.put(next);
  tell('PAYMENT.AUTHORIZATION.VOIDED', next);
  return reply(204, {});
}

function refund(books: Books, order: Order, body: JsonRequest['body']): JsonReply {
  const { orders, disputes, tell } = books;
  const { capture } = order;
  if (capture === undefined) return issue(422, 'CAPTURE_NOT_FOUND');
  if (capture.status === 'PENDING') return issue(422, 'PENDING_CAPTURE');
  if (disputes.blocksRefunds(capture.id))
    return issue(422, 'CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED');
  const amount = body['amount'] as Money;
  const gone = [
    ...order.refunds.filter(({ status }) => status !== 'FAILED').map((each) => each.amount),
    ...disputes.lostOf(capture.id),
  ];
  const left = gone.reduce((rest, each) => rest - hundredths(each), hundredths(capture.amount));
  if (left === 0) return issue(422, 'CAPTURE_FULLY_REFUNDED');
  if (hundredths(amount) > left) return issue(422, 'REFUND_AMOUNT_EXCEEDED');
  const custom_id = typeof body['custom_id'] === 'string' ? body['custom_id'] : '';
  const made: Refund = {
    id: newId('REF'),
    status: 'COMPLETED',
    amount,
    custom_id,
    seller_payable_breakdown: breakdownOf(amount, moneyOf(0, amount)),
  };
  const status = hundredths(amount) === left ? 'REFUNDED' : 'PARTIALLY_REFUNDED';
  const next: Order = {
    ...order,
    capture: { ...capture, status },
    refunds: [...order.refunds, made],
  };
  orders.put(next);
  tell('PAYMENT.CAPTURE.REFUNDED', next);
  return reply(201, made);
}

const viewCapture = ({ id, unit, capture }: Order) => ({
  ...capture,
  custom_id: unit.custom_id,
  supplementary_data: { related_ids: { order_id: id } },
});

/** Ends authorizations whose time has passed. */
function expire({ orders, now }: Books): void {
  for (const order of orders.records.values()) {
    const { authorization } = order;
    if (authorization?.status !== 'CREATED') continue;
    if (now() - Date.parse(authorization.create_time) < VALID_MS) continue;
    orders.put({ ...order, authorization: { ...authorization, status: 'EXPIRED' } });
  }
}

function handle(books: Books, request: JsonRequest, webhookSecret: string): JsonReply {
  const { method, path, body, headers } = request;
  const { orders } = books;
  expire(books);
  if (path === '/v1/oauth2/token')
    return headers.authorization?.startsWith('Basic ')
      ? reply(200, { access_token: newId('tok'), expires_in: 32_400 })
      : reply(401, { error: 'invalid_client' });
  if (!headers.authorization?.startsWith('Bearer ')) return reply(401, { name: 'UNAUTHORIZED' });
  if (path === '/v1/notifications/verify-webhook-signature')
    return reply(200, {
      verification_status: isSound(body, webhookSecret) ? 'SUCCESS' : 'FAILURE',
    });
  if (`${method} ${path}` === 'POST /v2/checkout/orders') return create(books, body);

  const [, id = '', verb = ''] = /^\/v2\/checkout\/orders\/(\w+)(\/authorize)?$/.exec(path) ?? [];
  const order = orders.records.get(id);
  if (order && method === 'GET') return reply(200, view(order));
  if (order && verb) return authorize(books, order);

  const dispute = books.disputes.answer(request);
  if (dispute) return dispute;

  const [, kind, ref, action] =
    /^\/v2\/payments\/(authorizations|captures)\/(\w+)(?:\/(capture|void|refund))?$/.exec(path) ??
    [];
  const found = [...orders.records.values()].find((each) =>
    kind === 'captures' ? each.capture?.id === ref : each.authorization?.id === ref,
  );
  if (found === undefined) return reply(404, { name: 'RESOURCE_NOT_FOUND' });
  if (action === undefined) return reply(200, viewCapture(found));
  if (action === 'refund') return refund(books, found, body);
  const { authorization } = found;
  if (authorization === undefined) return reply(404, { name: 'RESOURCE_NOT_FOUND' });
  const paid: Paid = { ...found, authorization };
  return action === 'void' ? release(books, paid) : take(books, paid, body['amount'] as Money);
}

/** Undefined: of a dispute, whose news always come. */
function aboutOf(resource: object): About | undefined {
  const { custom_id: custom, supplementary_data: more } = resource as {
    readonly custom_id?: string;
    readonly supplementary_data?: { readonly related_ids: { readonly order_id: string } };
  };
  const providerRef = more?.related_ids.order_id;
  return providerRef === undefined ? undefined : { providerRef, orderId: custom?.split(':')[0] };
}

const lyingOf = ({ records, pretend }: Kept<Order>): Lying => ({
  pretend,
  stepOf({ path }) {
    const [, kind, ref, verb] =
      /^\/v2\/payments\/(authorizations|captures)\/(\w+)\/(capture|refund)$/.exec(path) ?? [];
    const order = [...records.values()].find((each) =>
      kind === 'captures' ? each.capture?.id === ref : each.authorization?.id === ref,
    );
    if (order === undefined || verb === undefined) return undefined;
    const [orderId] = order.unit.custom_id.split(':');
    return { step: verb === 'refund' ? 'refund' : 'capture', providerRef: order.id, orderId };
  },
  failed: ({ status, body }) => ({ status, body: { ...(body as object), status: 'FAILED' } }),
});

type Tell = (type: string, resource: object) => void;

const resourceOf = (type: string, order: Order): object =>
  type.startsWith('CHECKOUT.ORDER.')
    ? view(order)
    : {
        id: order.authorization?.id,
        custom_id: order.unit.custom_id,
        supplementary_data: { related_ids: { order_id: order.id } },
      };

type Decided = 'COMPLETED' | 'DECLINED';

function createCaptures(orders: Kept<Order>) {
  let following: readonly CaptureStatus[] = [];
  return {
    /** What becomes of the captures that are asked for next, one after the other. */
    plan: (...statuses: readonly CaptureStatus[]): void => {
      following = statuses;
    },
    next: (): CaptureStatus => {
      const [status = 'COMPLETED', ...rest] = following;
      following = rest;
      return status;
    },
    settle: (orderId: string, status: Decided): Order | undefined => {
      const order = orders.records.get(orderId);
      if (order?.capture?.status !== 'PENDING') return undefined;
      const booked = { seller_receivable_breakdown: receivable(order.capture.amount) };
      const capture = { ...order.capture, status, ...(status === 'COMPLETED' && booked) };
      return orders.put({ ...order, capture });
    },
    /** What was given back has come back to us; nobody is told. */
    takeBack: (orderId: string): void => {
      const order = orders.records.get(orderId);
      if (order === undefined) return;
      const refunds = order.refunds.map((each): Refund => ({ ...each, status: 'FAILED' }));
      orders.put({ ...order, refunds });
    },
  };
}

/** Kept by PayPal for at least six hours; the same id is answered with what it made, whatever is asked. */
const keys = {
  header: 'paypal-request-id',
  keptMs: DAY_MS / 4,
  mismatch: undefined,
  inFlight: issue(409, 'PREVIOUS_REQUEST_IN_PROGRESS'),
};

export async function startPaypal(options: FakeOptions = {}) {
  const orders = openKept<Order>(options.file);
  const secret = options.webhookSecret ?? 'secret';
  const captures = createCaptures(orders);
  let parts: (Pick<Books, 'disputes'> & { readonly tell: Tell }) | undefined;
  const fake = await startFake(options, ({ now, emit }) => {
    const tell: Tell = (type, resource) => {
      const event = {
        id: newId('WH'),
        event_type: type,
        create_time: new Date(now()).toISOString(),
        resource,
      };
      const about = aboutOf(resource);
      emit({ body: JSON.stringify(event), headers: eventHeaders(event, secret), about });
    };
    const disputes = createDisputes({ now, tell });
    parts = { tell, disputes };
    const books: Books = {
      orders,
      disputes,
      now,
      tell: (type, order) => tell(type, resourceOf(type, order)),
      nextCapture: captures.next,
    };
    return {
      keys,
      failure: (status) => reply(status, { name: 'INTERNAL_SERVER_ERROR' }),
      lying: lyingOf(orders),
      handle: (request) => handle(books, request, secret),
    };
  });

  /** The payer says yes at PayPal. False: there is nothing to approve. */
  function approve(id: string): boolean {
    const order = orders.records.get(id);
    if (order?.status !== 'PAYER_ACTION_REQUIRED') return false;
    const next: Order = { ...order, status: 'APPROVED' };
    orders.put(next);
    parts?.tell('CHECKOUT.ORDER.APPROVED', resourceOf('CHECKOUT.ORDER.APPROVED', next));
    return true;
  }

  /** The payer complains about what was captured. The dispute's id; undefined: nothing was. */
  function dispute(orderId: string): string | undefined {
    const capture = orders.records.get(orderId)?.capture;
    return capture && parts?.disputes.open({ captureId: capture.id, amount: capture.amount });
  }

  return {
    ...fake,
    approve,
    takeBack: captures.takeBack,
    captureNext: captures.plan,
    /** PayPal has decided about a capture that was pending. */
    settleCapture: (orderId: string, status: Decided): void => {
      const order = captures.settle(orderId, status);
      const type = `PAYMENT.CAPTURE.${status === 'DECLINED' ? 'DENIED' : status}`;
      if (order) parts?.tell(type, resourceOf(type, order));
    },
    dispute,
    decideDispute: (id: string, outcome: Outcome, refunded?: Money): boolean =>
      parts?.disputes.decide(id, outcome, refunded) ?? false,
    orders: (): readonly Order[] => [...orders.records.values()],
  };
}
