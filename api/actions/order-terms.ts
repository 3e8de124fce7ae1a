// The terms of an order to be placed: how it gets to the customer and when, how it is paid, what must be checked.

import type { BranchFacts } from '../../db/tenants.ts';
import { distanceM, travelMs, type Place } from '../../domain/geo.ts';
import type { DeliveryTerms, OrderFacts, ProofKind } from '../../domain/order.ts';
import { badField, problem, type ProblemError } from '../problems.ts';
import { farProblem } from '../routes/order-times.ts';
import type { DeliveryTerms as DeliveryBody, NewOrder } from '../schemas/orders.ts';

/** Straight line from the branch; farther than any policy would send a driver. */
const deliveryRadiusM = 30_000;

type Terms = Pick<
  OrderFacts,
  | 'fulfilment'
  | 'goodsKind'
  | 'ageCheck'
  | 'prescription'
  | 'deliveryTerms'
  | 'substitution'
  | 'undeliverable'
  | 'proofs'
  | 'promisedAt'
  | 'autoAcceptUntil'
  | 'travelMs'
>;
type Placing = { readonly branch: BranchFacts; readonly now: number };

/** Throws invalid_request, out_of_area, not_sold_here, time_in_past. */
export function termsOf(body: NewOrder, { branch, now }: Placing): Terms {
  const { type: fulfilment = 'delivery', items } = body;
  const drive = driveOf(body, branch);
  const ageCheck = items.some((item) => item.age_restricted === true);
  const prescription = items.some((item) => item.prescription === true);
  if (prescription && branch.goodsKind !== 'pharmacy') throw onlyAtPharmacies();
  const promisedAt = promiseOf(body, { branch, now, drive });
  const proofs: readonly ProofKind[] = [
    ...(body.proof ?? []),
    ...(ageCheck ? ['age' as const] : []),
  ];
  return {
    fulfilment,
    goodsKind: branch.goodsKind,
    ageCheck,
    prescription,
    ...deliveryTermsOf(body, branch),
    substitution: body.substitution ?? 'remove',
    undeliverable: body.undeliverable_action ?? 'return',
    proofs,
    ...(promisedAt === undefined ? {} : { promisedAt }),
    ...(branch.autoAcceptUntil === undefined ? {} : { autoAcceptUntil: branch.autoAcceptUntil }),
    travelMs: drive,
  };
}

/** Nothing when whoever comes can bring it. Where the order says nothing, its merchant's terms count. */
function deliveryTermsOf(
  { type = 'delivery', delivery, items }: NewOrder,
  { deliveryTerms: usual }: BranchFacts,
): Pick<OrderFacts, 'deliveryTerms'> {
  if (type !== 'delivery') {
    if (delivery) throw badField('delivery', `has no meaning for ${type}`);
    return {};
  }
  const { load, vehicles, ownDriversOnly, direct } = { ...usual, ...termsIn(delivery) };
  const needs = (['cold_chain', 'heavy'] as const).filter((need) =>
    items.some((item) => item[need] === true),
  );
  const terms: DeliveryTerms = {
    load: load ?? 1,
    needs,
    ...(vehicles && { vehicles }),
    ownDriversOnly: ownDriversOnly ?? false,
    direct: direct ?? false,
  };
  const { load: units, direct: isDirect, ownDriversOnly: isOwn } = terms;
  const isUsual = units === 1 && needs.length === 0 && !vehicles && !isOwn && !isDirect;
  return isUsual ? {} : { deliveryTerms: terms };
}

/** What was said of it, and nothing else. */
export const termsIn = ({
  load,
  vehicles,
  own_drivers_only: ownDriversOnly,
  direct,
}: DeliveryBody = {}): Partial<DeliveryTerms> => ({
  ...(load !== undefined && { load }),
  ...(vehicles && { vehicles }),
  ...(ownDriversOnly !== undefined && { ownDriversOnly }),
  ...(direct !== undefined && { direct }),
});

function driveOf({ type = 'delivery', dropoff }: NewOrder, branch: BranchFacts): number {
  if (type !== 'delivery') {
    if (dropoff) throw badField('dropoff', `has no meaning for ${type}`);
    return 0;
  }
  if (!dropoff) throw badField('dropoff', 'is required for a delivery');
  assertInArea(branch.location, dropoff.location, 'dropoff.location');
  return Math.round(travelMs(branch.location, dropoff.location, branch.policy));
}

/** Not sooner than it can be made and brought. */
function promiseOf(
  { scheduled_for: wanted }: NewOrder,
  { branch, now, drive }: Placing & { readonly drive: number },
): number | undefined {
  if (wanted === undefined) return undefined;
  const promisedAt = Date.parse(wanted);
  const far = farProblem('scheduled_for', wanted, now);
  if (far) throw far;
  const earliest = now + branch.policy.prepEstimateMs + drive;
  if (promisedAt >= earliest) return promisedAt;
  throw problem('time_in_past', 'scheduled_for is sooner than the order can be made and brought', {
    errors: [
      { field: 'scheduled_for', problem: 'is too soon', limit: new Date(earliest).toISOString() },
    ],
  });
}

const onlyAtPharmacies = (): ProblemError =>
  problem('not_sold_here', 'only a pharmacy sells goods on prescription', {
    errors: [{ field: 'items', problem: 'asks for a prescription, and the branch is no pharmacy' }],
  });

/** Throws out_of_area. */
export function assertInArea(from: Place, to: Place, field: string): void {
  if (distanceM(from, to) <= deliveryRadiusM) return;
  const far = { problem: 'is too far from the branch, in metres', limit: deliveryRadiusM };
  throw problem('out_of_area', 'the drop-off is too far from the branch', {
    errors: [{ field, ...far }],
  });
}
