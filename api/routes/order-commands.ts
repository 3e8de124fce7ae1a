// What merchants, drivers and customers can tell a running order: one route per row of the command table, each one
// Update of the order's workflow.

import type { FastifyRequest } from 'fastify';
import type { Db } from '../../db/connect.ts';
import { findOrder } from '../../db/orders.ts';
import { proofsOf } from '../../db/proofs.ts';
import type { Item } from '../../db/schema.ts';
import type { createSendCommand } from '../actions/send-command.ts';
import { access, callerOf, driverOf, type Caller } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { IdParams } from '../schemas/common.ts';
import { commands, Order, type CommandBodies } from '../schemas/orders.ts';
import { send, type Api } from '../server.ts';
import { commandTable, type By, type Path, type Read } from './command-table.ts';

type Deps = { readonly db: Db; readonly sendCommand: ReturnType<typeof createSendCommand> };

export function orderCommandRoutes(app: Api, deps: Deps): void {
  for (const path of Object.keys(commandTable) as Path[]) commandRoute(app, { ...deps, path });
}

type AnyRead = (
  body: unknown,
  context: Parameters<(typeof commandTable)['accept']['read']>[1],
) => Read;

function commandRoute(app: Api, { db, sendCommand, path }: Deps & { readonly path: Path }): void {
  const { summary, roles, needsItems, read } = commandTable[path];
  const schema = {
    summary,
    tags: ['orders'],
    params: IdParams('order'),
    body: commands[path],
    response: { 200: Order },
  };
  app.post(`/v1/orders/:id/${path}`, { ...access({ roles }), schema }, async (request, reply) => {
    const caller = callerOf(request);
    const keyed = keyedRequest(request);
    const orderId = (request.params as { readonly id: string }).id;
    const { command, ...checks } = (read as AnyRead)(request.body, {
      now: keyed.now,
      by: partyOf(caller),
      driverId: () => driverOf(caller),
      items: needsItems ? await itemsOf(db, { caller, orderId }) : [],
      given: namesProofs(request) ? await proofsOf(db, orderId) : [],
    });
    const input = { caller, request: keyed, orderId, note: noteOf(request), ...checks };
    const noted = (note: object) => ({ ...command, ...note });
    return send(reply, await sendCommand({ ...input, command: noted }));
  });
}

const noteOf = ({ body }: FastifyRequest): string | undefined =>
  (body as Partial<CommandBodies['cancel']> | undefined)?.note;

const namesProofs = ({ body }: FastifyRequest): boolean =>
  ((body as Partial<CommandBodies['deliver']> | undefined)?.proofs?.length ?? 0) > 0;

/** Of an order in the caller's scope; none of any other, which the command then does not find either. */
async function itemsOf(
  db: Db,
  { caller, orderId }: { readonly caller: Caller; readonly orderId: string },
): Promise<readonly Item[]> {
  return (await findOrder(db, { scope: caller.scope, orderId }))?.items ?? [];
}

const parties = {
  platform: 'support',
  merchant: 'merchant',
  customer: 'customer',
  driver: 'support',
} as const;

/** On whose behalf follows from the key, never from the body. */
const partyOf = ({ scope }: Caller): By => parties[scope.kind];
