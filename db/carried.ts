// The states of a delivery in which a driver has it in hand. Kept in step with the index orders_carried.

import { sql } from 'kysely';
import type { DeliveryPart } from '../domain/parts.ts';

type Status = DeliveryPart['status'];

/** On the way to the branch or there. */
const before = ['confirmed', 'arrived_at_pickup'] as const satisfies readonly Status[];
const back = ['enroute_to_return', 'arrived_at_return'] as const satisfies readonly Status[];
/** With the goods. */
const after = [
  'picked_up',
  'arrived_at_dropoff',
  'delivery_unconfirmed',
  'problem',
  ...back,
] as const satisfies readonly Status[];

export const carried: readonly string[] = [...before, ...after];

/** Where the driver has said that they are there: at the branch, or with the goods. */
const reached = [
  'arrived_at_pickup',
  'arrived_at_dropoff',
  'delivery_unconfirmed',
  'problem',
  'arrived_at_return',
] as const satisfies readonly Status[];

const listOf = (statuses: readonly string[]) =>
  sql.raw(statuses.map((status) => `'${status}'`).join(', '));
/** For `delivery_status IN (…)`: literals, so that the partial index is used. */
export const carriedStatuses = listOf(carried);
export const withGoodsStatuses = listOf(after);
export const returningStatuses = listOf(back);
export const reachedStatuses = listOf(reached);
/** On the way to the branch or to the door: people are told when the driver comes. */
export const expectedStatuses = listOf([
  ...before,
  'picked_up',
] as const satisfies readonly Status[]);
