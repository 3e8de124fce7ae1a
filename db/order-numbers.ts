// The short number that people say to each other: counted per merchant, taken in blocks, so that placing an order
// neither waits for nor holds the lock on the merchant's row. A restart leaves a gap; a number never comes twice.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

export type OrderNumbers = { next(merchantId: string): Promise<string> };

type Block = { next: number; readonly end: number };

const blockSize = 20;

export function createOrderNumbers(db: Db): OrderNumbers {
  const blocks = new Map<string, Promise<Block>>();

  async function reserve(merchantId: string): Promise<Block> {
    const row = await db
      .updateTable('merchants')
      .set({ next_order_number: sql`next_order_number + ${blockSize}` })
      .where('id', '=', merchantId)
      .returning('next_order_number')
      .executeTakeFirstOrThrow();
    return { next: row.next_order_number - blockSize, end: row.next_order_number };
  }

  function reserveOnce(merchantId: string): Promise<Block> {
    const block = reserve(merchantId);
    blocks.set(merchantId, block);
    block.catch(() => blocks.delete(merchantId));
    return block;
  }

  return {
    async next(merchantId) {
      for (;;) {
        const current = blocks.get(merchantId) ?? reserveOnce(merchantId);
        const block = await current;
        if (block.next < block.end) return String(block.next++);
        // Used up: whoever comes first takes the next block, the others wait for it.
        if (blocks.get(merchantId) === current) blocks.delete(merchantId);
      }
    },
  };
}
