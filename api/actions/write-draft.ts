// What an order to be placed is: prices, times and policy of its branch, checked against what the caller sent.

import { branchFacts, hasOwnDrivers, type BranchFacts } from '../../db/tenants.ts';
import type { Db } from '../../db/connect.ts';
import type { Draft, DraftCustomer } from '../../db/drafts.ts';
import { newId } from '../../db/new-id.ts';
import { createOrderNumbers } from '../../db/order-numbers.ts';
import { customerOf } from '../../db/people.ts';
import type { Scope } from '../../db/scope.ts';
import {
  parseId,
  type BranchId,
  type CustomerId,
  type MarketId,
  type MerchantId,
} from '../../domain/ids.ts';
import { maxAmountMinor, shareOf } from '../../domain/money.ts';
import { priceOf } from '../../domain/money/price.ts';
import { roundUpFor } from '../../domain/money/rounding.ts';
import { holdMinorOf, priceTermsOf, type OrderFacts, type Taxes } from '../../domain/order.ts';
import { createCache } from '../cache.ts';
import { badField, problem } from '../problems.ts';
import type { NewOrder } from '../schemas/orders.ts';
import { termsOf } from './order-terms.ts';
import { assertCardTakes, paymentTerms } from './payment-terms.ts';

const branchTtlMs = 5_000;

type Input = { readonly scope: Scope; readonly body: NewOrder; readonly now: number };
export type WriteDraft = (input: Input) => Promise<Draft>;

/**
 * Throws not_found, branch_paused, currency_mismatch, amount_out_of_range, out_of_area, not_sold_here, no_own_drivers,
 * time_in_past, payment_method_unavailable, invalid_request. Writes nothing.
 */
export function createWriteDraft(db: Db): WriteDraft {
  const branches = createCache<BranchFacts>({ ttlMs: branchTtlMs, size: 10_000 });
  const numbers = createOrderNumbers(db);

  return async function writeDraft({ scope, body, now }) {
    const branch = await branches(body.branch_id, () => branchFacts(db, body.branch_id));
    if (!branch || !isOwn(scope, branch)) throw noSuch('branch_id', 'branch');
    if ((branch.pausedUntil ?? 0) > now) throw paused(branch.pausedUntil ?? 0);
    const terms = termsOf(body, { branch, now });
    if (terms.deliveryTerms?.ownDriversOnly && !(await hasOwnDrivers(db, branch.merchantId)))
      throw noOwnDrivers();
    const taxes = taxesOf(body, branch);
    const amounts = amountsOf(body, { branch, taxes });
    const { promisedAt } = terms;
    const { payer, ...payment } = paymentTerms(body, { branch, now, promisedAt });
    const { currency } = branch;
    const heldMinor = holdMinorOf({ ...payment, ...amounts, currency });
    assertCardTakes(body.payment, { heldMinor, currency });
    const { customer, customerId } = await customerIn(body, { scope, branch });
    const dropoff = body.dropoff?.location ?? branch.location;
    const facts: OrderFacts = {
      orderId: newId('order', now),
      number: await numbers.next(branch.merchantId),
      merchantId: branch.merchantId as MerchantId,
      branchId: branch.branchId as BranchId,
      marketId: branch.marketId as MarketId,
      customerId,
      placedAt: now,
      ...terms,
      ...payment,
      currency,
      ...amounts,
      driverPayMinor: branch.driverPayMinor,
      commissionBps: branch.commissionBps,
      ...(taxes && { taxes }),
      policy: branch.policy,
    };
    return {
      facts,
      customer,
      externalId: body.external_id,
      pickup: branch.location,
      dropoff,
      address: body.dropoff?.address ?? '',
      note: body.note === undefined ? undefined : { id: newId('note', now), text: body.note },
      payer,
      items: body.items,
    };
  };

  async function customerIn(
    { customer, payment }: NewOrder,
    { scope, branch: { merchantId } }: { readonly scope: Scope; readonly branch: BranchFacts },
  ): Promise<{ readonly customer: DraftCustomer; readonly customerId: CustomerId }> {
    if (!('id' in customer))
      return { customer: { kind: 'guest', ...customer }, customerId: newId('customer') };
    const customerId = parseId('customer', customer.id);
    const known = customerId && (await customerOf(db, { customerId, merchantId }));
    if (!known) throw noSuch('customer.id', 'customer');
    if (usesWallet.has(payment.method) && known.isOfPlatform && scope.kind !== 'platform')
      throw notYourWallet();
    return { customer: { kind: 'known', wrappedKey: known.wrappedKey }, customerId };
  }
}

/** Whose hold can be more than the total; money that is taken at once is taken exactly. */
const holds: ReadonlySet<string> = new Set(['card', 'paypal', 'wallet', 'split']);

const usesWallet: ReadonlySet<string> = new Set(['wallet', 'split']);

const isOwn = (scope: Scope, { merchantId, branchId }: BranchFacts): boolean =>
  scope.kind === 'platform' ||
  (scope.kind === 'merchant' &&
    scope.merchantId === merchantId &&
    (scope.branchId === undefined || scope.branchId === branchId));

const noSuch = (field: string, what: string): Error =>
  problem('not_found', `there is no such ${what}`, {
    errors: [{ field, problem: `names no ${what} of yours` }],
  });

const noOwnDrivers = (): Error =>
  problem('no_own_drivers', 'only drivers of the merchant may bring it, and it has none', {
    errors: [{ field: 'delivery.own_drivers_only', problem: 'the merchant has no drivers' }],
  });

/** A merchant knows the platform's customers by their ids alone: that must not be enough to spend their money. */
const notYourWallet = (): Error =>
  problem('payment_method_unavailable', 'only the platform can charge its customers’ wallets', {
    errors: [{ field: 'customer.id', problem: 'is a customer of the platform' }],
  });

const paused = (until: number): Error =>
  problem('branch_paused', `the branch takes no orders before ${new Date(until).toISOString()}`);

/** What is paid to the merchant's own channel never passes the platform, which then collects no tax of it. */
const taxesOf = ({ payment }: NewOrder, { taxes }: BranchFacts): Taxes | undefined =>
  taxes && payment.method === 'external' ? { ...taxes, collector: 'merchant' } : taxes;

/** Sums stay far below 2^53: 200 items × 999 × the largest amount. */
function amountsOf(
  { items, tip_minor: tipMinor = 0, currency, type = 'delivery', ...body }: NewOrder,
  { branch, taxes }: { readonly branch: BranchFacts; readonly taxes: Taxes | undefined },
) {
  if (currency !== branch.currency) {
    throw problem('currency_mismatch', `the market’s currency is ${branch.currency}`, {
      errors: [{ field: 'currency', problem: 'is not that of the market', limit: branch.currency }],
    });
  }
  const sumOf = (some: typeof items): number =>
    some.reduce((sum, item) => sum + item.quantity * item.unit_price_minor, 0);
  const itemCount = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const goodsMinor = sumOf(items);
  const restockableMinor = sumOf(items.filter((item) => item.restockable === true));
  const deliveryFeeMinor = type === 'delivery' ? branch.deliveryFeeMinor : 0;
  const discount = discountIn(body, goodsMinor);
  const { priceMinor } = priceOf(goodsMinor, priceTermsOf({ goodsMinor, ...discount, taxes }));
  const totalMinor = priceMinor + deliveryFeeMinor + tipMinor;
  const dearer = body.substitution === 'substitute' && holds.has(body.payment.method);
  const bufferMinor = dearer ? shareOf(priceMinor, branch.policy.substitutionBufferBps) : 0;
  const heldMinor = roundUpFor('card', { totalMinor: totalMinor + bufferMinor, currency });
  if (totalMinor < 1 || heldMinor > maxAmountMinor) {
    throw problem('amount_out_of_range', 'goods, delivery fee and tip together are out of range', {
      errors: [{ field: 'items', problem: 'the total must be 1 … limit', limit: maxAmountMinor }],
    });
  }
  const amounts = { itemCount, goodsMinor, restockableMinor, deliveryFeeMinor, tipMinor };
  return { ...amounts, ...discount, totalMinor, bufferMinor };
}

/** Throws invalid_request when it is more than the goods. */
function discountIn(
  { merchant_discount_minor: merchantDiscountMinor }: Pick<NewOrder, 'merchant_discount_minor'>,
  goodsMinor: number,
): Pick<OrderFacts, 'merchantDiscountMinor'> {
  if (merchantDiscountMinor === undefined) return {};
  if (merchantDiscountMinor > goodsMinor)
    throw badField('merchant_discount_minor', 'is more than the goods', goodsMinor);
  return { merchantDiscountMinor };
}
