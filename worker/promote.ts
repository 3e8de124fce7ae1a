// What a worker does about its own version when it starts: makes it current when the setting says so, and takes over
// what other versions left open. Repeats what the engine cannot do yet; never ends the worker.

import { setTimeout as delay } from 'node:timers/promises';
import { readRouting, setCurrent, type Fleet } from '../adapters/temporal-versions.ts';
import type { Logger } from '../log.ts';
import { takeOver } from './take-over.ts';
import type { WorkflowCode } from './version.ts';

const retryMs = 250;
const sayEvery = 40;

/** See WAYBILL_PROMOTE in `.env.example`. */
type Promotion = 'first' | 'always' | 'never';
type Promoting = {
  readonly fleet: Fleet;
  readonly code: WorkflowCode;
  readonly promotion: Promotion;
  readonly log: Logger;
  /** The process ends. */
  readonly signal: AbortSignal;
};

/** Resolves when the version is current, or need not be. Call it once the workers poll. */
export async function promote({ fleet, code, promotion, log, signal }: Promoting): Promise<void> {
  const { buildId } = code;
  if (promotion === 'never') return;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      const routing = await readRouting(fleet);
      if (routing?.current === buildId) return;
      if (routing?.current !== undefined && promotion === 'first') {
        log.info({ build_id: buildId, current: routing.current }, 'another version is current');
        return;
      }
      if (routing !== undefined) {
        await setCurrent(fleet, { buildId, token: routing.token });
        log.info({ build_id: buildId, before: routing.current }, 'this version is current now');
        return;
      }
    } catch (error) {
      // Its pollers are not known yet, another worker was faster, or the server is away.
      if (attempt % sayEvery === 0)
        log.warn({ err: error, build_id: buildId }, 'the version could not be made current yet');
    }
    await delay(retryMs);
  }
}

/** For a fleet that was replaced as a whole: no order may wait for a version that has no worker any more. */
export async function takeOverAll({
  fleet,
  code,
  log,
}: Omit<Promoting, 'promotion' | 'signal'>): Promise<void> {
  const routing = await readRouting(fleet);
  const others = (routing?.versions ?? []).filter(
    ({ buildId, role }) => buildId !== code.buildId && role !== 'drained',
  );
  for (const { buildId } of others) {
    const say = (line: string): void => log.warn(line);
    const { failedIds, ...moves } = await takeOver({ fleet, to: code, log: say }, buildId);
    if (Object.values(moves).every((count) => count === 0)) continue;
    const fields = { from: buildId, build_id: code.buildId, ...moves, failed_ids: failedIds };
    if (failedIds.length > 0) log.error(fields, 'some workflows of an earlier version are left');
    else log.info(fields, 'the open orders of an earlier version run on this one');
  }
}
