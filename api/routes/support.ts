// The desk of support: what needs a person, finding an order, who works on it, what was noted.

import type { Db } from '../../db/connect.ts';
import { claimOrder, releaseOrder, type Claim as ClaimRow } from '../../db/claims.ts';
import { listExceptions, openIncidents, type QueuePlace } from '../../db/exceptions.ts';
import { newId } from '../../db/new-id.ts';
import { notesOf, writeNote } from '../../db/notes.ts';
import { readOrderLogs } from '../../db/order-logs.ts';
import { findOrder, listOrders } from '../../db/orders.ts';
import { ordersAbout } from '../../db/order-search.ts';
import type { Vault } from '../../db/vault.ts';
import { createOnce, doOnce } from '../actions/once.ts';
import { assertFree } from '../actions/support-desk.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { badField, notFound, problem } from '../problems.ts';
import { IdParams, PageOf } from '../schemas/common.ts';
import { Order } from '../schemas/orders.ts';
import {
  Claim,
  ClaimBody,
  Exception,
  ExceptionQuery,
  NewNote,
  Note,
  Notes,
  ReleaseBody,
  SearchQuery,
} from '../schemas/support.ts';
import { send, type Api } from '../server.ts';
import { orderFor } from '../views/order.ts';
import { exceptionBody, supportPath } from '../views/support.ts';

type Deps = { readonly db: Db; readonly vault: Vault };

const agents = access({ roles: ['support', 'platform_admin'] });
const tags = ['support'];
const params = IdParams('order');
const base = supportPath(':id');
const defaultLimit = 50;
const defaultClaimMinutes = 15;

export function supportRoutes(app: Api, deps: Deps): void {
  queueRoute(app, deps);
  searchRoute(app, deps);
  claimRoutes(app, deps);
  noteRoutes(app, deps);
}

function queueRoute(app: Api, { db }: Deps): void {
  const schema = {
    summary: 'Orders that need a person, the most urgent first',
    description:
      'Each with why it is stuck, whose move it is, what happens by itself and when, and what support may do now.',
    tags,
    querystring: ExceptionQuery,
    response: { 200: PageOf(Exception) },
  };
  app.get('/v1/support/exceptions', { ...agents, schema }, async (request, reply) => {
    const { market_id, merchant_id, reason, claimed, cursor, limit = defaultLimit } = request.query;
    const now = new Date();
    const { rows, next } = await listExceptions(db, {
      marketId: market_id,
      merchantId: merchant_id,
      reason,
      claimedBy: claimed === 'me' ? callerOf(request).keyId : claimed,
      after: cursor === undefined ? undefined : readPlace(cursor),
      limit,
      now,
    });
    const ids = rows.map((row) => row.id);
    const [logs, incidents] = await Promise.all([readOrderLogs(db, ids), openIncidents(db, ids)]);
    const data = rows.map((row) =>
      exceptionBody(row, {
        log: logs.get(row.id),
        incidents: incidents.filter(({ order_id }) => order_id === row.id),
        now: now.getTime(),
      }),
    );
    return send(reply, {
      status: 200,
      body: { data, next_cursor: next ? writePlace(next) : null },
    });
  });
}

const writePlace = ({ dueAt, id }: QueuePlace): string =>
  Buffer.from(`${dueAt.getTime()}.${id}`).toString('base64url');

function readPlace(cursor: string): QueuePlace {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, at, id] = /^(\d{1,14})\.(ord_[0-9a-f]{32})$/.exec(text) ?? [];
  if (at === undefined || id === undefined)
    throw badField('cursor', 'is not a cursor of this list');
  return { dueAt: new Date(Number(at)), id };
}

function searchRoute(app: Api, { db, vault }: Deps): void {
  const schema = {
    summary: 'Find orders by what people know of them, newest first',
    tags,
    querystring: SearchQuery,
    response: { 200: PageOf(Order) },
  };
  app.get('/v1/support/orders', { ...agents, schema }, async (request, reply) => {
    const { scope } = callerOf(request);
    const about = ordersAbout(vault, request.query.q);
    const page = await listOrders(db, { scope, about, ...pageFrom(request.query) });
    const body = pageBody(page, (row) => orderFor(vault, row, scope));
    return send(reply, { status: 200, body });
  });
}

const claimBody = (orderId: string, { keyId, claimedAt, expiresAt }: ClaimRow) => ({
  order_id: orderId,
  key_id: keyId,
  claimed_at: claimedAt.toISOString(),
  expires_at: expiresAt.toISOString(),
});

function claimRoutes(app: Api, { db, vault }: Deps): void {
  const claim = {
    summary: 'Take an order into your hands for some minutes, or prolong it',
    description: 'Until it ends, other agents’ actions on the order are refused.',
    tags,
    params,
    body: ClaimBody,
    response: { 200: Claim },
  };
  app.post(`${base}/claim`, { ...agents, schema: claim }, async (request, reply) => {
    const caller = callerOf(request);
    const { minutes = defaultClaimMinutes } = request.body;
    const { id: orderId } = request.params;
    const keyed = { caller, request: keyedRequest(request) };
    const answer = await doOnce({ db, vault }, keyed, async () => {
      await mustExist(db, orderId);
      const now = new Date();
      const expiresAt = new Date(now.getTime() + minutes * 60_000);
      const held = await claimOrder(db, { orderId, keyId: caller.keyId, now, expiresAt });
      if (held.keyId !== caller.keyId) await assertFree(db, { orderId, keyId: caller.keyId });
      return { status: 200, body: claimBody(orderId, held) };
    });
    return send(reply, answer);
  });

  const release = {
    summary: 'Let go of an order; another agent’s claim stays',
    tags,
    params,
    body: ReleaseBody,
    response: { 204: { type: 'null', description: 'Done' } },
  };
  app.post(`${base}/release`, { ...agents, schema: release }, async (request, reply) => {
    const { id: orderId } = request.params;
    await mustExist(db, orderId);
    await releaseOrder(db, { orderId, keyId: callerOf(request).keyId });
    return reply.code(204).send();
  });
}

async function mustExist(db: Db, orderId: string) {
  const order = await findOrder(db, { scope: { kind: 'platform' }, orderId });
  if (!order) throw notFound('order');
  return order;
}

function noteRoutes(app: Api, { db, vault }: Deps): void {
  const write = {
    summary: 'Note something about an order',
    description: 'Encrypted with the customer’s key: erasing the customer erases it.',
    tags,
    params,
    body: NewNote,
    response: { 201: Note },
  };
  app.post(`${base}/notes`, { ...agents, schema: write }, async (request, reply) => {
    const caller = callerOf(request);
    const { id: orderId } = request.params;
    const { text } = request.body;
    const keyed = { caller, request: keyedRequest(request) };
    const answer = await createOnce({ db, vault }, keyed, async (trx) => {
      const { customer_id: personId } = await mustExist(trx, orderId);
      const note = { id: newId('note'), orderId, personId, text, writtenBy: caller.keyId };
      const createdAt = await writeNote(trx, vault, note);
      if (!createdAt) throw problem('not_found', 'the customer of this order was erased');
      const body = {
        id: note.id,
        order_id: orderId,
        written_by: caller.keyId,
        created_at: createdAt.toISOString(),
      };
      return { body, unstored: { text } };
    });
    return send(reply, answer);
  });

  const read = {
    summary: 'What was noted about an order, oldest first',
    tags,
    params,
    response: { 200: Notes },
  };
  app.get(`${base}/notes`, { ...agents, schema: read }, async (request, reply) => {
    const { id: orderId } = request.params;
    await mustExist(db, orderId);
    return send(reply, { status: 200, body: { data: await notesOf(db, vault, orderId) } });
  });
}
