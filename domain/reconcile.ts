// The provider's books against ours, object by object. Pure: what differs, and which differences heal by themselves.

import type { PayoutStatus } from './payout.ts';
import type { ProviderPayout } from './provider-books.ts';

/** One payment as the provider has it, minor units. */
export type Theirs = {
  readonly providerRef: string;
  readonly orderId: string | undefined;
  readonly status: string;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly currency: string;
};

/** The same payment as our ledger has it. */
export type Ours = {
  readonly orderId: string;
  /** The order has ended and nothing of its money is on the way. */
  readonly isOver: boolean;
  readonly currency: string;
  readonly capturedMinor: number;
  /** Sent to the provider and begun there, confirmed or not. */
  readonly refundedMinor: number;
  /** A refund is being sent: theirs may be ahead of ours for a moment. */
  readonly refundsMoving: boolean;
};

export type DifferenceKind =
  | 'payment_of_nobody'
  | 'captured_there_unknown_here'
  | 'captured_amount_differs'
  | 'captured_here_unknown_there'
  | 'refunded_there_unknown_here'
  | 'refunded_here_unknown_there'
  | 'currency_differs'
  | 'hold_left'
  | 'payout_of_nobody'
  | 'payout_twice'
  | 'payout_differs'
  | 'payout_here_unknown_there';

export type Difference = {
  readonly kind: DifferenceKind;
  readonly providerRef: string;
  readonly orderId: string | undefined;
  readonly oursMinor: number;
  readonly theirsMinor: number;
};

/** What can be put right without asking anybody: letting a hold go, and giving back what came after the end. */
export const healsByItself = ({ kind }: Difference): boolean =>
  kind === 'hold_left' || kind === 'captured_there_unknown_here';

/** What the order took is under another name there, perhaps, or not its money: a person must look first. */
export const doubts = ['captured_here_unknown_there', 'currency_differs'] as const;
export const bringsDoubt = ({ kind }: Difference): boolean => doubts.some((each) => each === kind);

/** Nothing can be said of it yet: whatever differed before may still do so. */
export const isUndecided = ({ isOver, refundsMoving }: Ours): boolean => !isOver || refundsMoving;

/** A payment in the provider's books; `ours` is undefined when it names no order of ours. */
export function compare(theirs: Theirs, ours: Ours | undefined): readonly Difference[] {
  const { providerRef, orderId, capturedMinor } = theirs;
  const held = theirs.status === 'authorized';
  const differs = (kind: DifferenceKind, oursMinor: number, theirsMinor: number): Difference => ({
    kind,
    providerRef,
    orderId,
    oursMinor,
    theirsMinor,
  });
  if (ours === undefined)
    return held || capturedMinor > 0 ? [differs('payment_of_nobody', 0, capturedMinor)] : [];
  // While the order lives, its own workflow settles what is under way.
  if (!ours.isOver) return [];
  return [
    ...(capturedMinor > 0 && theirs.currency !== ours.currency
      ? [differs('currency_differs', ours.capturedMinor, capturedMinor)]
      : []),
    ...(held ? [differs('hold_left', 0, 0)] : []),
    ...captures(ours.capturedMinor, capturedMinor).map((kind) =>
      differs(kind, ours.capturedMinor, capturedMinor),
    ),
    ...refunds(ours, theirs).map((kind) => differs(kind, ours.refundedMinor, theirs.refundedMinor)),
  ];
}

function captures(ours: number, theirs: number): readonly DifferenceKind[] {
  if (ours === theirs) return [];
  if (ours === 0) return ['captured_there_unknown_here'];
  return [theirs === 0 ? 'captured_here_unknown_there' : 'captured_amount_differs'];
}

function refunds(ours: Ours, theirs: Theirs): readonly DifferenceKind[] {
  if (ours.refundedMinor === theirs.refundedMinor || ours.refundsMoving) return [];
  return [
    theirs.refundedMinor > ours.refundedMinor
      ? 'refunded_there_unknown_here'
      : 'refunded_here_unknown_there',
  ];
}

/** A capture of ours that the provider's books do not have at all. */
export const missingThere = (providerRef: string, ours: Ours): readonly Difference[] =>
  ours.isOver && ours.capturedMinor > 0
    ? [
        {
          kind: 'captured_here_unknown_there',
          providerRef,
          orderId: ours.orderId,
          oursMinor: ours.capturedMinor,
          theirsMinor: 0,
        },
      ]
    : [];

/** A payout as our rows have it. */
export type OurPayout = {
  /** `<party>:<period>`. */
  readonly name: string;
  readonly status: PayoutStatus;
  /** Undefined until it was decided. */
  readonly amountMinor: number | undefined;
  readonly currency: string;
};

/** While it is being sent theirs may be ahead of ours for a moment. */
export const isMoving = ({ status }: OurPayout): boolean => status === 'sending';
const hasLeft = ({ status }: OurPayout): boolean => status === 'in_transit' || status === 'paid';

/** All that the provider has under one name, and what it means to us; `ours` is undefined for a name that is not ours. */
export function comparePayout(
  theirs: readonly ProviderPayout[],
  ours: OurPayout | undefined,
): readonly Difference[] {
  if (ours && isMoving(ours)) return [];
  const left = theirs.filter(({ returned }) => !returned);
  const expectedMinor = ours && hasLeft(ours) ? (ours.amountMinor ?? 0) : 0;
  const theirsMinor = left.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const [any] = left.length > 0 ? left : theirs;
  const differs = (kind: DifferenceKind): readonly Difference[] => [
    {
      kind,
      providerRef: any?.providerRef ?? ours?.name ?? '',
      orderId: undefined,
      oursMinor: expectedMinor,
      theirsMinor,
    },
  ];
  if (expectedMinor === 0) return left.length > 0 ? differs('payout_of_nobody') : [];
  if (left.length === 0) return differs('payout_here_unknown_there');
  if (left.length > 1) return differs('payout_twice');
  return theirsMinor === expectedMinor && any?.currency === ours?.currency
    ? []
    : differs('payout_differs');
}
