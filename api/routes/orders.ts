// Placing, reading and listing orders.

import { findOrder, listOrders } from '../../db/orders.ts';
import type { Db } from '../../db/connect.ts';
import { readTimeline } from '../../db/timeline.ts';
import type { Vault } from '../../db/vault.ts';
import type { createPlaceOrder } from '../actions/place-order.ts';
import { orderHeaders } from '../actions/replay.ts';
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

type Deps = { readonly db: Db; readonly vault: Vault; readonly placeOrder: ReturnType<typeof createPlaceOrder> };

/** A deadline is overdue once the engine has had this long to act on it. */
const overdueGraceMs = 120_000;

const everybody = [...merchantRoles, 'support', 'driver', 'customer'] as const;

export function orderRoutes(app: Api, { db, vault, placeOrder }: Deps): void {
  app.post(
    '/v1/orders',
    {
      ...access({ roles: merchantRoles }),
      schema: {
        summary: 'Place an order',
        description: '202: durable, but its payment is not answered yet; follow `Location`.',
        tags: ['orders'],
        body: NewOrder,
        response: { 201: Order, 202: Order },
      },
    },
    async (request, reply) =>
      send(
        reply,
        await placeOrder({ caller: callerOf(request), request: keyedRequest(request), body: request.body }),
      ),
  );

  app.get(
    '/v1/orders',
    {
      ...access({ roles: everybody }),
      schema: {
        summary: 'List orders, newest first',
        description: 'A driver sees the deliveries in their hands.',
        tags: ['orders'],
        querystring: OrderQuery,
        response: { 200: PageOf(Order) },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const { status, branch_id: branchId, external_id: externalId, open, overdue } = request.query;
      const overdueAt = overdue === true ? new Date(Date.now() - overdueGraceMs) : undefined;
      const filter = { scope, status, branchId, externalId, open, overdueAt, ...pageFrom(request.query) };
      return pageBody(await listOrders(db, filter), (row) => orderFor(vault, row, scope));
    },
  );

  app.get(
    '/v1/orders/:id',
    {
      ...access({ roles: everybody }),
      schema: { summary: 'Read an order', tags: ['orders'], params: IdParams('order'), response: { 200: Order } },
    },
    async (request, reply) => {
      const { scope } = callerOf(request);
      const row = await findOrder(db, { scope, orderId: request.params.id });
      if (!row) throw notFound('order');
      const body = orderFor(vault, row, scope);
      return send(reply, { status: 200, body, headers: { etag: orderHeaders(body)['etag'] ?? '' } });
    },
  );

  app.get(
    '/v1/orders/:id/timeline',
    {
      ...access({ roles: everybody }),
      schema: {
        summary: 'Everything that happened to an order',
        description: 'Events of the order, its offers and the provider’s webhooks, oldest first.',
        tags: ['orders'],
        params: IdParams('order'),
        response: { 200: Timeline },
      },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const orderId = request.params.id;
      const order = await findOrder(db, { scope, orderId });
      if (!order) throw notFound('order');
      const context = { viewer: scope, currency: order.currency };
      return { data: (await readTimeline(db, orderId)).map((row) => timelineEntry(row, context)) };
    },
  );
}
