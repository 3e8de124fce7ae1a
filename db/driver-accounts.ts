// Drivers as the platform's admins see them: who they are and how much they can carry. Their presence is `drivers.ts`.

import type { Vehicle } from '../domain/vehicles.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import { openPerson, sealPerson } from './people.ts';
import type { DriverSkill } from './schema.ts';
import type { Vault } from './vault.ts';

export type DriverRecord = {
  readonly id: string;
  readonly marketId: string;
  readonly name: string;
  readonly phone: string;
  readonly capacity: number;
  readonly skills: readonly DriverSkill[];
  readonly vehicle: Vehicle | null;
  /** Stars, 1 to 5. */
  readonly rating: number | null;
  /** Whose own driver. */
  readonly merchantId: string | null;
  readonly online: boolean;
  readonly createdAt: Date;
};

type NewDriver = Pick<DriverRecord, 'marketId' | 'name' | 'phone' | 'capacity'> &
  Pick<DriverRecord, 'vehicle' | 'rating' | 'merchantId'> & {
    /** Absent: what everybody may do. */
    readonly skills: readonly DriverSkill[] | undefined;
  };

/** In a transaction of the caller: the person and the driver are two rows. */
export async function createDriver(
  db: Db,
  vault: Vault,
  { marketId, name, phone, capacity, skills, vehicle, rating, merchantId }: NewDriver,
): Promise<DriverRecord> {
  const { row } = sealPerson(vault, { id: newId('driver'), name, phone });
  await db.insertInto('people').values(row).execute();
  const driver = await db
    .insertInto('drivers')
    .values({
      id: row.id,
      market_id: marketId,
      capacity,
      vehicle,
      rating,
      merchant_id: merchantId,
      ...(skills ? { skills: [...skills] } : {}),
    })
    .returning(['id', 'online', 'skills', 'created_at'])
    .executeTakeFirstOrThrow();
  return {
    id: driver.id,
    marketId,
    name,
    phone,
    capacity,
    skills: driver.skills,
    vehicle,
    rating,
    merchantId,
    online: driver.online,
    createdAt: driver.created_at,
  };
}

export async function listDrivers(
  db: Db,
  vault: Vault,
  { after, limit }: Page,
): Promise<PageOf<DriverRecord>> {
  const rows = await db
    .selectFrom('drivers')
    .innerJoin('people', 'people.id', 'drivers.id')
    .select(['drivers.id', 'drivers.market_id', 'capacity', 'online', 'drivers.created_at'])
    .select(['skills', 'vehicle', 'rating', 'drivers.merchant_id'])
    .select(['wrapped_key', 'name_enc', 'phone_enc'])
    .$if(after !== undefined, (query) => query.where('drivers.id', '<', after ?? ''))
    .orderBy('drivers.id', 'desc')
    .limit(limit + 1)
    .execute();
  const drivers = rows.map((row) => ({
    id: row.id,
    marketId: row.market_id,
    ...openPerson(vault, row),
    capacity: row.capacity,
    skills: row.skills,
    vehicle: row.vehicle,
    rating: row.rating,
    merchantId: row.merchant_id,
    online: row.online,
    createdAt: row.created_at,
  }));
  return pageOf(drivers, limit);
}

/** False when there is no such driver. */
export async function rateDriver(
  db: Db,
  { driverId, rating }: { readonly driverId: string; readonly rating: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('drivers')
    .set({ rating })
    .where('id', '=', driverId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function driverExists(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('drivers').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
