// Finding orders by what people know of them. Each form of a question is one indexed look-up.

import { sql, type RawBuilder } from 'kysely';
import { parseId } from '../domain/ids.ts';
import type { Vault } from './vault.ts';

/** A condition on `orders` under the alias `o`. Phones are compared by their blind index. */
export function ordersAbout(vault: Vault, question: string): RawBuilder<boolean> {
  const q = question.trim();
  const phone = phoneIn(q);
  if (parseId('order', q)) return sql<boolean>`o.id = ${q}`;
  if (parseId('merchant', q)) return sql<boolean>`o.merchant_id = ${q}`;
  if (parseId('branch', q)) return sql<boolean>`o.branch_id = ${q}`;
  if (parseId('customer', q)) return sql<boolean>`o.customer_id = ${q}`;
  if (parseId('driver', q)) return ofDrivers(sql`SELECT ${q}::text`);
  if (phone !== undefined) return ofPhone(vault.indexOf(phone));
  return named(q);
}

/** E.164, however it is grouped; `00` is the plus of old telephones. */
function phoneIn(q: string): string | undefined {
  const bare = q.replaceAll(/[\s().-]/g, '').replace(/^00/, '+');
  return /^\+[1-9]\d{6,14}$/.test(bare) ? bare : undefined;
}

/** Of what may be very much, the newest. */
const newestOf = 1_000;

/** Each part has its index; a plain OR of them would look at every order there is. */
const anyOf = (...parts: readonly RawBuilder<unknown>[]): RawBuilder<boolean> =>
  sql<boolean>`o.id IN (${sql.join(parts, sql` UNION `)})`;

const carriedBy = (drivers: RawBuilder<unknown>): readonly RawBuilder<unknown>[] => [
  sql`SELECT id FROM orders WHERE driver_id IN (${drivers})
    AND delivery_status IN ('confirmed', 'picked_up', 'delivery_unconfirmed')`,
  sql`SELECT line.order_id FROM offer_orders line JOIN offers ON offers.id = line.offer_id
    WHERE line.status IN ('accepted', 'assigned') AND offers.driver_id IN (${drivers})`,
];

const ofDrivers = (drivers: RawBuilder<unknown>): RawBuilder<boolean> =>
  anyOf(...carriedBy(drivers));

function ofPhone(index: Buffer): RawBuilder<boolean> {
  const people = sql`SELECT id FROM people WHERE phone_index = ${index}`;
  return anyOf(sql`SELECT id FROM orders WHERE customer_id IN (${people})`, ...carriedBy(people));
}

function named(q: string): RawBuilder<boolean> {
  const begins = `${q.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const merchants = sql`SELECT id FROM merchants WHERE lower(name) LIKE ${begins}`;
  return anyOf(
    sql`SELECT id FROM orders WHERE number = ${q.replace(/^#/, '')}`,
    sql`SELECT id FROM orders WHERE external_id = ${q}`,
    sql`(SELECT id FROM orders WHERE merchant_id IN (${merchants}) ORDER BY id DESC LIMIT ${newestOf})`,
  );
}
