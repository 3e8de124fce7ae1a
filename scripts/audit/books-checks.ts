// Items 2 and 3: the providers' books against our log and ledger, object by object, both ways.

import type { ProviderPayment } from '../../adapters/card-gateway.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { providerOf, type ProviderName } from '../../domain/payment-methods.ts';
import { isTipOver } from '../../domain/tip.ts';
import { isTopUpOver } from '../../domain/top-up.ts';
import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditedOrder,
  type AuditData,
  type AuditedRefund,
  type Breach,
  type Check,
  type ProviderObject,
  type WithdrawnPart,
} from './data.ts';
import { givenBackIn } from './refund-checks.ts';

/** Whose books are read; of the others each payment that we have a name for. */
const booksOf = 'stripe';

const isInBooks = ({ facts }: AuditedOrder): boolean => providerOf(facts.paymentMethod) === booksOf;

/** Payments that were made before the rows were read, so that they must be accounted for. */
const settledBooks = ({ books, now }: AuditData): readonly ProviderPayment[] =>
  books.filter((payment) => payment.createdAt < now - 60_000 || payment.status !== 'authorized');

/** Orders whose money is on the way, their own or a tip's, and top-ups. */
const movingOrders = ({ orders, tips, topUps }: AuditData): ReadonlySet<string> =>
  new Set([
    ...orders.flatMap(({ id, isOver }) => (isOver ? [] : [id])),
    ...tips.flatMap(({ orderId, status }) => (isTipOver(status) ? [] : [orderId])),
    ...topUps.flatMap(({ id, status }) => (isTopUpOver(status) ? [] : [id])),
  ]);

/** Whose a payment may be: an order, or a top-up; with its currency. */
const ownersOf = ({ orders, topUps }: AuditData): ReadonlyMap<string, string> =>
  new Map([
    ...orders.map(({ id, facts }) => [id, facts.currency] as const),
    ...topUps.map(({ id, currency }) => [id, currency] as const),
  ]);

/** Holds money, or could still come to hold it: an app with the client secret can confirm it. */
const holdsOrMay: ReadonlySet<ProviderPayment['status']> = new Set([
  'authorized',
  'requires_action',
  'unconfirmed',
  'declined',
]);

const noHoldLeft: Check = {
  id: 'no-hold-left',
  item: 2,
  says: 'the provider holds no money for an order that is over, and cannot come to hold any',
  run: (data) => {
    const owners = ownersOf(data);
    const moving = movingOrders(data);
    const ofOver = data.books.filter(
      ({ orderId = '' }) => owners.has(orderId) && !moving.has(orderId),
    );
    return findingOf(ofOver, ({ orderId = '', providerRef, status, authorizedMinor }) =>
      holdsOrMay.has(status)
        ? [
            {
              order: orderId,
              expected: `no hold left by ${providerRef}`,
              actual: `${status}, ${authorizedMinor}`,
            },
          ]
        : [],
    );
  },
};

const oneObjectPerAttempt: Check = {
  id: 'one-payment-per-attempt',
  item: 3,
  says: 'each attempt of an order to pay made one payment at the provider, not two',
  run: ({ books }) => {
    const named = books.filter((payment) => payment.orderId !== undefined);
    const attempts = groupBy(
      named,
      ({ orderId, step, attempt }) => `${orderId}:${step ?? ''}:${attempt ?? ''}`,
    );
    return findingOf([...attempts], ([key, payments]) =>
      payments.length === 1
        ? []
        : [
            {
              order: payments[0]?.orderId ?? '',
              expected: `one payment for ${key}`,
              actual: payments.map((p) => p.providerRef).join(' '),
            },
          ],
    );
  },
};

const booksAreInOurLedger: Check = {
  id: 'books-in-ledger',
  item: 3,
  says: 'every payment in the provider’s books is ours, with the amounts that our ledger has',
  run: (data) => {
    const owners = ownersOf(data);
    const captured = capturedByRef(data, booksOf);
    const refunded = refundedByRef(data);
    const moving = movingOrders(data);
    const counted = settledBooks(data).filter(({ orderId = '' }) => !moving.has(orderId));
    return findingOf(counted, (payment) =>
      bookedHere(payment, owners.get(payment.orderId ?? ''), { captured, refunded }),
    );
  },
};

function bookedHere(
  payment: ProviderPayment,
  currency: string | undefined,
  { captured, refunded }: Readonly<Record<'captured' | 'refunded', ReadonlyMap<string, number>>>,
): readonly Breach[] {
  const { providerRef, orderId = 'unknown' } = payment;
  if (currency === undefined)
    return [{ order: orderId, expected: `an order or top-up for ${providerRef}`, actual: 'none' }];
  return [
    ...mustEqual(orderId, `captured by ${providerRef}`, {
      expected: captured.get(providerRef) ?? 0,
      actual: payment.capturedMinor,
    }),
    ...mustEqual(orderId, `refunded by ${providerRef}`, {
      expected: refunded.get(providerRef) ?? 0,
      actual: payment.refundedMinor,
    }),
    ...(payment.capturedMinor > 0
      ? mustEqual(orderId, `currency of ${providerRef}`, {
          expected: currency,
          actual: payment.currency,
        })
      : []),
  ];
}

/** Provider reference → what our ledger says was captured by it. */
function capturedByRef(
  { orders, tips, topUps, ledger }: AuditData,
  provider: ProviderName,
): ReadonlyMap<string, number> {
  const refs = new Map([
    ...orders.flatMap(({ id, events }) => events.flatMap((event) => captureRef(id, event))),
    ...tips.map(
      ({ orderId, n, providerRef }) => [`${orderId}:tip_capture:${n}`, providerRef ?? ''] as const,
    ),
    ...topUps.flatMap(({ id, providerRef }) =>
      (['top_up', 'top_up_late'] as const).map(
        (kind) => [`${id}:${kind}`, providerRef ?? ''] as const,
      ),
    ),
  ]);
  const captures = ledger.filter(
    ({ kind, key }) =>
      kind === 'capture' ||
      kind === 'tip_capture' ||
      kind === 'top_up' ||
      kind === 'top_up_late' ||
      (kind === 'correction' && key.includes(':late:')),
  );
  const totals = new Map<string, number>();
  for (const { key, entries } of captures) {
    const ref = refs.get(key) ?? key.split(':late:')[1] ?? key;
    const amount = sum(
      entries
        .filter(({ account, party }) => account === 'provider_clearing' && party === provider)
        .map((entry) => entry.amountMinor),
    );
    if (amount !== 0) totals.set(ref, (totals.get(ref) ?? 0) + amount);
  }
  return totals;
}

/** Provider reference → what our ledger says was given back, or is on its way back. */
function refundedByRef({ refunds, topUps, ledger }: AuditData): ReadonlyMap<string, number> {
  const known = new Map(refunds.map((refund) => [refund.id, refund]));
  const totals = new Map<string, number>();
  for (const transaction of ledger) {
    const { key, kind } = transaction;
    if (kind !== 'refund_sent' && kind !== 'refund_settled') continue;
    const refund = known.get(key.split(':').at(-1) ?? '');
    if (refund === undefined || !givesMoneyBack.has(refund.status)) continue;
    const sent = -sum(givenBackIn(transaction));
    totals.set(refund.providerRef, (totals.get(refund.providerRef) ?? 0) + sent);
  }
  for (const { providerRef, amountMinor, status, withdrawn } of topUps) {
    const back = withdrawn.filter((part) => givesMoneyBack.has(part.status));
    const late = status === 'returned' ? amountMinor : 0;
    totals.set(providerRef ?? '', late + sum(back.map((part) => part.amountMinor)));
  }
  return totals;
}

/** The provider counts a refund as given back as soon as it works on it. */
const givesMoneyBack: ReadonlySet<AuditedRefund['status'] | WithdrawnPart['status']> = new Set([
  'pending',
  'refunded',
] as const);

const captureRef = (orderId: string, event: OrderEvent): readonly (readonly [string, string])[] =>
  event.type === 'payment.capturing' ||
  (event.type === 'payment.captured' && event.providerRef !== undefined)
    ? [[`${orderId}:capture:${event.attempt}`, event.providerRef ?? '']]
    : [];

const ledgerIsInTheBooks: Check = {
  id: 'ledger-in-books',
  item: 3,
  says: 'every authorization, capture and release in our log is in the provider’s books',
  run: (data) => {
    const books = new Map(data.books.map((payment) => [payment.providerRef, payment]));
    const captured = [...capturedByRef(data, booksOf)].map(([ref, amount]) => ({ ref, amount }));
    const fromLedger = findingOf(captured, ({ ref, amount }) =>
      mustEqual(books.get(ref)?.orderId ?? ref, `captured by ${ref}`, {
        expected: amount,
        actual: books.get(ref)?.capturedMinor,
      }),
    );
    const fromLog = findingOf(
      data.orders.filter((order) => order.isOver && isInBooks(order)),
      (order) => loggedInBooks(order, books),
    );
    return {
      counted: fromLedger.counted + fromLog.counted,
      breaches: [...fromLedger.breaches, ...fromLog.breaches],
    };
  },
};

function loggedInBooks(
  order: AuditedOrder,
  books: ReadonlyMap<string, ProviderPayment>,
): readonly Breach[] {
  const named = (intent: 'payment.voiding' | 'payment.releasing') =>
    new Map(
      order.events.flatMap((event) =>
        event.type === intent ? [[event.attempt, event.providerRef] as const] : [],
      ),
    );
  const letGo = {
    'payment.voided': named('payment.voiding'),
    'payment.released': named('payment.releasing'),
  };
  return order.events.flatMap((event) => {
    if (event.type === 'payment.authorized' || event.type === 'payment.renewed') {
      return mustEqual(order.id, `granted by ${event.providerRef}`, {
        expected: event.amountMinor,
        actual: books.get(event.providerRef)?.authorizedMinor,
      });
    }
    const released =
      event.type === 'payment.voided' || event.type === 'payment.released'
        ? letGo[event.type].get(event.attempt)
        : undefined;
    if (released === undefined) return [];
    return mustEqual(order.id, `${released} is`, {
      expected: 'voided',
      actual: books.get(released)?.status,
    });
  });
}

const orderOfObject = ({ orderId = 'unknown' }: ProviderObject): string => orderId;

const objectsAreInOurLedger: Check = {
  id: 'objects-in-ledger',
  item: 3,
  says: 'every payment of PayPal and mobile money took there, and gave back, what our ledger has, and holds nothing of what is over',
  run: (data) => {
    const moving = movingOrders(data);
    const captured = new Map(data.asked.map((name) => [name, capturedByRef(data, name)]));
    const refunded = refundedByRef(data);
    const settled = data.objects.filter((object) => !moving.has(orderOfObject(object)));
    return findingOf(settled, (object) => {
      const { provider, providerRef, status, capturedMinor, refundedMinor } = object;
      const order = orderOfObject(object);
      return [
        ...mustEqual(order, `captured by ${provider} ${providerRef}`, {
          expected: captured.get(provider)?.get(providerRef) ?? 0,
          actual: capturedMinor,
        }),
        ...(refundedMinor === undefined
          ? []
          : mustEqual(order, `refunded by ${provider} ${providerRef}`, {
              expected: refunded.get(providerRef) ?? 0,
              actual: refundedMinor,
            })),
        ...(status === 'authorized'
          ? [{ order, expected: `no hold left by ${providerRef}`, actual: status }]
          : []),
      ];
    });
  },
};

const ledgerIsInTheObjects: Check = {
  id: 'ledger-in-objects',
  item: 3,
  says: 'everything that our ledger took by PayPal and mobile money, they know',
  run: (data) => {
    const known = new Set(
      data.objects.map(({ provider, providerRef }) => `${provider}:${providerRef}`),
    );
    const moving = movingOrders(data);
    const over = { ...data, ledger: data.ledger.filter(({ orderId }) => !moving.has(orderId)) };
    const taken = data.asked.flatMap((provider) =>
      [...capturedByRef(over, provider).keys()].map((ref) => ({ provider, ref })),
    );
    return findingOf(taken, ({ provider, ref }) =>
      known.has(`${provider}:${ref}`)
        ? []
        : [{ order: ref, expected: `a payment ${ref} at ${provider}`, actual: 'none' }],
    );
  },
};

export const booksChecks: readonly Check[] = [
  noHoldLeft,
  oneObjectPerAttempt,
  booksAreInOurLedger,
  ledgerIsInTheBooks,
  objectsAreInOurLedger,
  ledgerIsInTheObjects,
];
