// Every money step, at every provider that has it, through every fault and every death of the worker: one effect of the
// right amount, a ledger that agrees, and the same answer to whoever asks again. `npm test` plays a part of the cells,
// `npm run proof -- --part money-matrix` all of them.

import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { figure } from '../support/figure.ts';
import { died, dyingAt, isRequestFault, kindOf } from '../support/money-faults.ts';
import { cells, type Cell } from '../support/money-matrix.ts';
import { openStage, type Stage } from '../support/money-stage.ts';
import type { Play, Progress } from '../support/money-steps.ts';
import { createMarket, type Market } from '../db/market.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const mostTries = 15;
const proving = process.env['PROOF'] === '1';
/** A prime, so that the sample meets every step, provider, fault and crash. */
const everyNth = 17;
const chosen = cells.filter((_, n) => proving || n % everyNth === 0);

let market: Market;
let stage: Stage | undefined;
beforeAll(async () => {
  market = await createMarket();
});
afterEach(async () => {
  const open = stage;
  stage = undefined;
  await cleanUp();
  await open?.close();
});
afterAll(() => market.close());

const isNoAnswer = (error: unknown): boolean =>
  error instanceof ApplicationFailure && error.nonRetryable === false;

type Running = {
  readonly stage: Stage;
  readonly play: Play;
  readonly cell: Cell;
  forgets: boolean;
};

/** As the engine does: what is not answered is asked again, later. */
function goOn(running: Running): void {
  running.stage.clock.now += running.forgets ? 25 * hourMs : minuteMs;
  running.forgets = false;
}

/** Until it is over, or the worker has died. */
async function carryOut(running: Running, place?: string): Promise<Progress | undefined> {
  const { play, stage: on } = running;
  const crashPoint = place === undefined ? () => undefined : dyingAt(place);
  for (let n = 0; n < mostTries; n++) {
    try {
      const progress = await play.advance(crashPoint);
      if (progress.isOver) return progress;
      await play.confirm();
      await on.hear();
    } catch (error) {
      if (error === died) return undefined;
      if (!isNoAnswer(error)) throw error;
      goOn(running);
    }
  }
  throw new Error(`it is not over after ${mostTries} tries`);
}

function arm({ stage: { rig }, cell: { fault, row } }: Running): void {
  if (isRequestFault(fault))
    return rig.addFault({ kind: kindOf(fault), match: { method: 'POST', path: row.path(rig) } });
  const { news } = rig;
  if (!news) throw new Error(`${rig.provider} tells nothing`);
  switch (fault) {
    case 'webhooks three times':
      return news.thrice();
    case 'webhooks before the reply':
      return news.beforeReply();
    case 'webhooks reversed':
    case 'webhooks three days late':
      return news.hold();
  }
}

/** What was kept back arrives. */
async function deliverNews({ stage: { rig, clock }, cell: { fault } }: Running): Promise<void> {
  if (fault === 'webhooks three days late') clock.now += 72 * hourMs;
  if (fault === 'webhooks reversed') await rig.news?.release('reversed');
  if (fault === 'webhooks three days late') await rig.news?.release('in_order');
}

const byText = (a: string, b: string): number => a.localeCompare(b);

async function seen({ stage: { rig }, play }: Running, status: string | undefined) {
  const moved = [...(await rig.moved())].toSorted(byText);
  return { status, moved, ledger: await play.ledger() };
}

/** News that nobody has looked after, and alarms. */
async function leftovers() {
  const { db } = market;
  const waiting = db.selectFrom('provider_webhooks').select(['type', 'provider_ref']);
  const incidents = db.selectFrom('incidents').select('kind');
  return {
    webhooks: await waiting.where('done_at', 'is', null).execute(),
    incidents: (await incidents.execute()).map(({ kind }) => kind),
  };
}

/** Of a cell that has failed: the next one has nothing to do with it. */
async function cleanUp(): Promise<void> {
  await market.db.deleteFrom('provider_webhooks').where('done_at', 'is', null).execute();
  await market.db.deleteFrom('incidents').execute();
}

async function playCell(cell: Cell): Promise<'one effect'> {
  stage = await openStage({ market, provider: cell.provider });
  const play = await cell.row.prepare(stage);
  await stage.hear();
  const before = stage.heard.length;
  const running: Running = { stage, play, cell, forgets: cell.fault === 'key forgotten' };
  arm(running);
  const dead =
    cell.place === undefined ? false : (await carryOut(running, cell.place)) === undefined;
  // Who died before asked nothing yet: there is nothing to forget.
  const hadAsked = dead && !cell.place?.includes(':before');
  if (running.forgets && hadAsked) goOn(running);
  await carryOut(running);
  await deliverNews(running);
  await stage.hear();
  const last = await carryOut(running);
  const { status, moved, ledger, incidents = [] } = cell.end;
  const end = { status, moved: [...moved].toSorted(byText), ledger };
  expect(await seen(running, last?.status)).toEqual(end);
  const { before: answered, now } = await play.again();
  expect(now).toEqual(answered);
  expect(await seen(running, last?.status)).toEqual(end);
  expect(await leftovers()).toEqual({ webhooks: [], incidents });
  expect(stage.heard.filter((what) => what !== 'taken')).toEqual([]);
  const untold = !isRequestFault(cell.fault) && stage.heard.length === before;
  expect(untold).toBe(false);
  return 'one effect';
}

describe('one effect', () => {
  figure(`${chosen.length} of ${cells.length} cells are played`);
  test.for(chosen.map((cell) => [cell.name, cell] as const))('%s', async ([, cell]) =>
    expect(await playCell(cell)).toBe('one effect'),
  );
});
