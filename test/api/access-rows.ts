// What a row of the access table is, and the rows of support: it sees every tenant, and no tenant sees it.

import type { Role } from '../../db/schema.ts';
import { supportActionNames } from '../../domain/support.ts';
import type { Shop } from './world.ts';

export type Target = {
  readonly shop: Shop;
  readonly orderId: string;
  readonly offerId: string;
  readonly keyId: string;
};
export type Row = {
  /** Besides platform_admin, for whom everything is open but what only a driver can do. */
  readonly roles: readonly Exclude<Role, 'platform_admin'>[];
  readonly path?: (target: Target) => string;
  readonly body?: (target: Target) => object;
  /**
   * What a foreign tenant of an allowed role meets: not_found — the thing does not exist; unseen — the answer names
   * nothing of the other's; own — the route has no target but the caller; platform — no tenants may call it.
   */
  readonly foreign: 'not_found' | 'unseen' | 'own' | 'platform';
};

const supportOrder = (rest: string): Pick<Row, 'path'> => ({
  path: ({ orderId }) => `/v1/support/orders/${orderId}${rest}`,
});
const reason = 'merchant_silent';
const desk = (rest: string, body: object = {}): Row => ({
  roles: ['support'],
  ...supportOrder(rest),
  body: () => body,
  foreign: 'platform',
});
const anywhere = (path: string, body: object = {}): Row => ({
  roles: ['support'],
  path: () => path,
  body: () => body,
  foreign: 'platform',
});
const no = '0'.repeat(32);

/** Support sees every tenant; no tenant sees anything of support. */
export const supportRows: Readonly<Record<string, Row>> = {
  'GET /v1/support/exceptions': anywhere('/v1/support/exceptions'),
  'GET /v1/support/orders': anywhere('/v1/support/orders?q=1'),
  'POST /v1/support/orders/{id}/claim': desk('/claim'),
  'POST /v1/support/orders/{id}/release': desk('/release'),
  'POST /v1/support/orders/{id}/notes': desk('/notes', { text: 'x' }),
  'GET /v1/support/orders/{id}/notes': desk('/notes'),
  ...Object.fromEntries(
    [
      'settle',
      'settle/preview',
      'terminate',
      'incidents/resolve',
      'compensate',
      'compensate/preview',
    ]
      .concat(supportActionNames.flatMap((name) => [`actions/${name}`, `actions/${name}/preview`]))
      .map((rest) => [`POST /v1/support/orders/{id}/${rest}`, desk(`/${rest}`, { reason })]),
  ),
  'GET /v1/support/orders/{id}/late-cash': desk('/late-cash'),
  'POST /v1/support/orders/{id}/late-cash': desk('/late-cash', { reason, amount_minor: 1 }),
  'GET /v1/support/orders/{id}/disputes': desk('/disputes'),
  'POST /v1/support/disputes/{id}/evidence': anywhere('/v1/support/disputes/dp_1/evidence', {
    explanation: 'x',
  }),
  'POST /v1/support/disputes/{id}/evidence/preview': anywhere(
    '/v1/support/disputes/dp_1/evidence/preview',
    { explanation: 'x' },
  ),
  'GET /v1/support/approvals': anywhere('/v1/support/approvals'),
  'POST /v1/support/approvals/{id}/approve': anywhere(`/v1/support/approvals/apr_${no}/approve`),
  'POST /v1/support/approvals/{id}/reject': anywhere(`/v1/support/approvals/apr_${no}/reject`),
  'POST /v1/support/bulk': anywhere('/v1/support/bulk', {
    action: 'cancel',
    reason,
    dry_run: true,
  }),
  'GET /v1/support/drivers/{id}/blocks': anywhere(`/v1/support/drivers/drv_${no}/blocks`),
  'POST /v1/support/drivers/{id}/blocks': anywhere(`/v1/support/drivers/drv_${no}/blocks`, {
    party: `mer_${no}`,
  }),
  'DELETE /v1/support/drivers/{id}/blocks/{party}': anywhere(
    `/v1/support/drivers/drv_${no}/blocks/mer_${no}`,
  ),
  'GET /v1/support/bulk/{id}': anywhere(`/v1/support/bulk/blk_${no}`),
};

const proofs = (rest: string): Pick<Row, 'path'> => ({
  path: ({ orderId }) => `/v1/orders/${orderId}/proofs${rest}`,
});
const staff = ['owner', 'manager', 'staff'] as const;

export const proofRows: Readonly<Record<string, Row>> = {
  'POST /v1/orders/{id}/proofs': {
    roles: [...staff, 'driver'],
    ...proofs('?kind=age'),
    foreign: 'not_found',
  },
  'GET /v1/orders/{id}/proofs': {
    roles: [...staff, 'support', 'driver', 'customer'],
    ...proofs(''),
    foreign: 'not_found',
  },
  'GET /v1/orders/{id}/proofs/{proof_id}': {
    roles: [...staff, 'support'],
    ...proofs(`/prf_${no}`),
    foreign: 'not_found',
  },
};
