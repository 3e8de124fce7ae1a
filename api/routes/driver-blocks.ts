// Drivers and customers or merchants who are not to meet: support keeps them apart.

import type { Db } from '../../db/connect.ts';
import { block, blocksOf, unblock, type Block as BlockRow } from '../../db/driver-blocks.ts';
import type { Vault } from '../../db/vault.ts';
import { doOnce } from '../actions/once.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { Block, BlockParams, Blocks, NewBlock } from '../schemas/driver.ts';
import { send, type Api } from '../server.ts';

const agents = access({ roles: ['support', 'platform_admin'] });
const tags = ['support'];
const path = '/v1/support/drivers/:id/blocks';
const params = IdParams('driver');

const blockBody = ({ party, keyId, createdAt }: BlockRow) => ({
  party,
  key_id: keyId,
  created_at: createdAt.toISOString(),
});

export function driverBlockRoutes(
  app: Api,
  { db, vault }: { readonly db: Db; readonly vault: Vault },
): void {
  const list = {
    summary: 'Customers and merchants whose orders a driver is not offered',
    tags,
    params,
    response: { 200: Blocks },
  };
  app.get(path, { ...agents, schema: list }, async (request, reply) => {
    const rows = await blocksOf(db, request.params.id);
    return send(reply, { status: 200, body: { data: rows.map(blockBody) } });
  });

  const add = {
    summary: 'Keep a driver and a customer or merchant apart',
    description: 'From the next dispatch round on; what the driver carries already is not touched.',
    tags,
    params,
    body: NewBlock,
    response: { 200: Block },
  };
  app.post(path, { ...agents, schema: add }, async (request, reply) => {
    const caller = callerOf(request);
    const keyed = { caller, request: keyedRequest(request) };
    const answer = await doOnce({ db, vault }, keyed, async () => {
      const pair = { driverId: request.params.id, party: request.body.party };
      const row = await block(db, { ...pair, keyId: caller.keyId, now: new Date() });
      if (!row) throw notFound('driver, customer or merchant');
      return { status: 200, body: blockBody(row) };
    });
    return send(reply, answer);
  });

  const remove = {
    summary: 'Let them meet again',
    tags,
    params: BlockParams,
    response: { 204: { type: 'null', description: 'Done' } },
  };
  app.delete(`${path}/:party`, { ...agents, schema: remove }, async (request, reply) => {
    const { id: driverId, party } = request.params;
    await unblock(db, { driverId, party });
    return reply.code(204).send();
  });
}
