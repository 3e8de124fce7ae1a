// The tenant matrix of what concerns money: refunds, tips, wallets and statements.

import { newId } from '../../db/new-id.ts';
import type { Shop } from './world.ts';

type Target = { readonly shop: Shop; readonly orderId: string };
const nobody = [] as const;
const walletOf =
  (rest: string) =>
  ({ shop }: Target): string =>
    `/v1/customers/${shop.customer.id}/wallet${rest}`;

export const moneyRows = {
  'POST /v1/orders/{id}/refunds': {
    roles: ['owner', 'manager', 'support'],
    path: ({ orderId }: Target) => `/v1/orders/${orderId}/refunds`,
    body: () => ({ reason: 'quality', fault: 'merchant' }),
    foreign: 'not_found',
  },
  'GET /v1/orders/{id}/refunds': {
    roles: ['owner', 'manager', 'support'],
    path: ({ orderId }: Target) => `/v1/orders/${orderId}/refunds`,
    foreign: 'not_found',
  },
  'POST /v1/orders/{id}/tips': {
    roles: ['owner', 'manager', 'staff', 'customer'],
    path: ({ orderId }: Target) => `/v1/orders/${orderId}/tips`,
    body: () => ({ amount_minor: 200, token: 'pm_card_visa' }),
    foreign: 'not_found',
  },
  'GET /v1/orders/{id}/tips': {
    roles: ['owner', 'manager', 'staff', 'support', 'customer'],
    path: ({ orderId }: Target) => `/v1/orders/${orderId}/tips`,
    foreign: 'not_found',
  },
  'POST /v1/refunds/{id}/approve': {
    roles: nobody,
    path: () => `/v1/refunds/${newId('refund')}/approve`,
    foreign: 'platform',
  },
  'POST /v1/refunds/{id}/pay-out': {
    roles: ['support'],
    path: () => `/v1/refunds/${newId('refund')}/pay-out`,
    body: () => ({ reference: 'R-1' }),
    foreign: 'platform',
  },
  'POST /v1/refunds/{id}/reject': {
    roles: nobody,
    path: () => `/v1/refunds/${newId('refund')}/reject`,
    foreign: 'platform',
  },
  'POST /v1/refunds/{id}/settle': {
    roles: ['support'],
    path: () => `/v1/refunds/${newId('refund')}/settle`,
    body: () => ({ outcome: 'failed', reason: 'other' }),
    foreign: 'platform',
  },
  'GET /v1/merchants/{id}/statement': {
    roles: ['owner', 'manager', 'support'],
    path: ({ shop }: Target) => `/v1/merchants/${shop.merchant.id}/statement`,
    foreign: 'not_found',
  },
  'GET /v1/drivers/{id}/statement': {
    roles: ['driver', 'support'],
    path: ({ shop }: Target) => `/v1/drivers/${shop.driver.id}/statement`,
    foreign: 'not_found',
  },
  'GET /v1/merchants/{id}/payouts': {
    roles: ['owner', 'manager', 'support'],
    path: ({ shop }: Target) => `/v1/merchants/${shop.merchant.id}/payouts`,
    foreign: 'not_found',
  },
  'POST /v1/merchants/{id}/payouts': {
    roles: ['owner', 'manager', 'support'],
    path: ({ shop }: Target) => `/v1/merchants/${shop.merchant.id}/payouts`,
    foreign: 'not_found',
  },
  'GET /v1/drivers/{id}/payouts': {
    roles: ['driver', 'support'],
    path: ({ shop }: Target) => `/v1/drivers/${shop.driver.id}/payouts`,
    foreign: 'not_found',
  },
  'POST /v1/drivers/{id}/payouts': {
    roles: ['driver', 'support'],
    path: ({ shop }: Target) => `/v1/drivers/${shop.driver.id}/payouts`,
    foreign: 'not_found',
  },
  ...Object.fromEntries(
    (['hold', 'release'] as const).flatMap((verb) => [
      [
        `POST /v1/merchants/{id}/payouts/${verb}`,
        {
          roles: ['support'] as const,
          path: ({ shop }: Target) => `/v1/merchants/${shop.merchant.id}/payouts/${verb}`,
          foreign: 'platform' as const,
        },
      ],
      [
        `POST /v1/drivers/{id}/payouts/${verb}`,
        {
          roles: ['support'] as const,
          path: ({ shop }: Target) => `/v1/drivers/${shop.driver.id}/payouts/${verb}`,
          foreign: 'platform' as const,
        },
      ],
    ]),
  ),
  'POST /v1/admin/payout-accounts': { roles: nobody, foreign: 'platform' },
  'POST /v1/admin/payout-files': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/payout-files': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/payout-files/{id}/download': {
    roles: nobody,
    path: () => `/v1/admin/payout-files/${newId('payoutFile')}/download`,
    foreign: 'platform',
  },
  'POST /v1/admin/payout-files/{id}/paid': {
    roles: nobody,
    path: () => `/v1/admin/payout-files/${newId('payoutFile')}/paid`,
    foreign: 'platform',
  },
  'POST /v1/admin/payouts/{id}/returned': {
    roles: nobody,
    path: () => `/v1/admin/payouts/${newId('payout')}/returned`,
    foreign: 'platform',
  },
  'GET /v1/admin/payouts': { roles: ['support'], foreign: 'platform' },
  'GET /v1/customers/{id}/statement': {
    roles: ['customer', 'support'],
    path: ({ shop }: Target) => `/v1/customers/${shop.customer.id}/statement?currency=EUR`,
    foreign: 'not_found',
  },
  'GET /v1/customers/{id}/wallet': {
    roles: ['customer', 'support'],
    path: walletOf(''),
    foreign: 'not_found',
  },
  'POST /v1/customers/{id}/wallet/top-ups': {
    roles: ['customer'],
    path: walletOf('/top-ups'),
    body: () => ({ amount_minor: 100, currency: 'EUR', token: 'pm_card_visa' }),
    foreign: 'not_found',
  },
  'GET /v1/customers/{id}/wallet/top-ups': {
    roles: ['customer', 'support'],
    path: walletOf('/top-ups'),
    foreign: 'not_found',
  },
  'POST /v1/customers/{id}/wallet/withdrawals': {
    roles: ['customer'],
    path: walletOf('/withdrawals'),
    body: () => ({ amount_minor: 100, currency: 'EUR' }),
    foreign: 'not_found',
  },
  'GET /v1/customers/{id}/wallet/withdrawals': {
    roles: ['customer', 'support'],
    path: walletOf('/withdrawals'),
    foreign: 'not_found',
  },
  'GET /v1/admin/ledger/statement': {
    roles: nobody,
    path: () => '/v1/admin/ledger/statement?account=bad_debt&party=platform&currency=EUR',
    foreign: 'platform',
  },
} as const;
