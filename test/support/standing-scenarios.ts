// Workflows without an end, as far as a golden history needs them. They follow the current version (AUTO_UPGRADE), so
// each release meets their running histories.

import { expect, vi } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { maintenanceWorkflowId } from '../../domain/ids.ts';
import type { World } from './order-world.ts';

type Handle = ReturnType<World['client']['workflow']['getHandle']>;
type History = Awaited<ReturnType<Handle['fetchHistory']>>;

/** When it has begun this many timers: it has gone round that often. */
async function historyAfter(rounds: number, handle: Handle): Promise<History> {
  const history = await vi.waitFor(
    async () => {
      const { events, ...rest } = await handle.fetchHistory();
      const timers = events?.filter((event) => event.timerStartedEventAttributes) ?? [];
      expect(timers.length).toBeGreaterThanOrEqual(rounds);
      return { events: events ?? [], ...rest };
    },
    { timeout: 10_000, interval: 50 },
  );
  await handle.terminate('recorded');
  return history;
}

export const standing: Readonly<Record<string, (world: World) => Promise<History>>> = {
  async dispatcher({ engine, client }) {
    const marketId = newId('market');
    await engine.wakeDispatcher(marketId);
    const handle = client.workflow.getHandle(`dispatcher:${marketId}`);
    await vi.waitFor(async () =>
      expect((await handle.describe()).historyLength).toBeGreaterThan(8),
    );
    await engine.wakeDispatcher(marketId);
    return historyAfter(2, handle);
  },
  async maintenance({ engine, client }) {
    await engine.startMaintenance();
    return historyAfter(1, client.workflow.getHandle(maintenanceWorkflowId));
  },
};
