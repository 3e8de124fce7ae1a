// Placing, reading and listing orders.

import type { Db } from '../../db/connect.ts';
import { overdueGraceMs } from '../../db/exceptions.ts';
import { findOrder, listOrders } from '../../db/orders.ts';
import { readTimeline } from '../../db/timeline.ts';
import type { Vault } from '../../db/vault.ts';
import type { createPlaceOrder } from '../actions/place-order.ts';
import { etagOf } from '../actions/replay.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf, merchantRoles } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import { IdParams, PageOf } from '../schemas/common.ts';
import { Timeline } from '../schemas/events.ts';
import { NewOrder, Order, OrderQuery } from '../schemas/orders.ts';
import { send, type Api } from '../server.ts';
import { orderFor } from '../views/order.ts';
import { timelineEntry } from '../views/timeline.ts';

type Deps = { readonly db: Db; readonly vault: Vault };
type PlaceOrder = ReturnType<typeof createPlaceOrder>;

const everybody = [...merchantRoles, 'support', 'driver', 'customer'] as const;
const tags = ['orders'];
const params = IdParams('order');

export function orderRoutes(
  app: Api,
  { placeOrder, ...deps }: Deps & { readonly placeOrder: PlaceOrder },
): void {
  placeRoute(app, placeOrder);
  listRoute(app, deps);
  readRoute(app, deps);
  timelineRoute(app, deps);
}

function placeRoute(app: Api, placeOrder: PlaceOrder): void {
  const schema = {
    summary: 'Place an order',
    description: '202: durable, but its payment is not answered yet; follow `Location`.',
    tags,
    body: NewOrder,
    response: { 201: Order, 202: Order },
  };
  app.post(
    '/v1/orders',
    { ...access({ roles: merchantRoles }), schema },
    async (request, reply) => {
      const caller = callerOf(request);
      const { body } = request;
      return send(reply, await placeOrder({ caller, request: keyedRequest(request), body }));
    },
  );
}

function listRoute(app: Api, { db, vault }: Deps): void {
  const schema = {
    summary: 'List orders, newest first',
    description: 'A driver sees the deliveries in their hands.',
    tags,
    querystring: OrderQuery,
    response: { 200: PageOf(Order) },
  };
  app.get('/v1/orders', { ...access({ roles: everybody }), schema }, async (request, reply) => {
    const { scope } = callerOf(request);
    const { status, branch_id: branchId, external_id: externalId, open, overdue } = request.query;
    const overdueAt = overdue === true ? new Date(Date.now() - overdueGraceMs) : undefined;
    const filter = { status, branchId, externalId, open, overdueAt };
    const page = await listOrders(db, { scope, ...filter, ...pageFrom(request.query) });
    const body = pageBody(page, (row) => orderFor(vault, row, scope));
    return send(reply, { status: 200, body });
  });
}

function readRoute(app: Api, { db, vault }: Deps): void {
  const schema = { summary: 'Read an order', tags, params, response: { 200: Order } };
  app.get('/v1/orders/:id', { ...access({ roles: everybody }), schema }, async (request, reply) => {
    const { scope } = callerOf(request);
    const row = await findOrder(db, { scope, orderId: request.params.id });
    if (!row) throw notFound('order');
    const body = orderFor(vault, row, scope);
    return send(reply, { status: 200, body, headers: etagOf(body) });
  });
}

function timelineRoute(app: Api, { db }: Deps): void {
  const schema = {
    summary: 'Everything that happened to an order',
    description:
      'Events of the order, its offers and the provider’s webhooks, oldest first; for the platform also what support tried and noted, incidents and what is wrong with its workflow.',
    tags,
    params,
    response: { 200: Timeline },
  };
  const options = { ...access({ roles: everybody }), schema };
  app.get('/v1/orders/:id/timeline', options, async (request, reply) => {
    const { scope } = callerOf(request);
    const orderId = request.params.id;
    const order = await findOrder(db, { scope, orderId });
    if (!order) throw notFound('order');
    const forSupport = scope.kind === 'platform';
    const rows = await readTimeline(db, { orderId, forSupport });
    const context = { viewer: scope, currency: order.currency };
    const body = { data: rows.map((row) => timelineEntry(row, context)) };
    return send(reply, { status: 200, body });
  });
}
