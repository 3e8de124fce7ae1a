// The tables as kysely sees them; the truth is in `migrations/`. bigint columns arrive as numbers: amounts are
// bounded far below 2^53 (see domain/money), ids of sequences too.

import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Reroute, RouteStop } from '../domain/eta.ts';
import type { Actor } from '../domain/events.ts';
import type { Deadline } from '../domain/lifecycle.ts';
import type { ProofId } from '../domain/ids.ts';
import type { TaxMode } from '../domain/money/tax.ts';
import type {
  DeliveryTerms,
  GoodsKind,
  OrderFacts,
  ProofKind,
  TaxCollector,
} from '../domain/order.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { PayoutEvery, PayoutRail } from '../domain/payout.ts';
import type { Policy } from '../domain/policy.ts';
import type { Shares } from '../domain/settlement.ts';
import type { Vehicle } from '../domain/vehicles.ts';
import type { MoneyTables } from './schema-money.ts';

type Time = ColumnType<Date, Date | string, Date | string>;
type CreatedAt = ColumnType<Date, Date | string | undefined, never>;
type Json<T extends object> = JSONColumnType<T>;

export type Item = {
  readonly name: string;
  readonly sku?: string;
  readonly quantity: number;
  readonly unit_price_minor: number;
  readonly age_restricted?: boolean;
  readonly cold_chain?: boolean;
  readonly heavy?: boolean;
  readonly prescription?: boolean;
  readonly restockable?: boolean;
};

export type Database = MoneyTables & {
  proofs: {
    id: ColumnType<ProofId>;
    order_id: string;
    kind: ColumnType<ProofKind>;
    content_type: string | null;
    byte_count: number | null;
    key_id: string;
    at: Time;
  };
  address_changes: {
    command_id: string;
    order_id: string;
    lat: number;
    lng: number;
    address_enc: Buffer;
    created_at: CreatedAt;
  };
  pin_attempts: { order_id: string; failed: string[] };
  markets: {
    id: string;
    name: string;
    currency: string;
    time_zone: string;
    policy: Json<Policy>;
    driver_pay_minor: number;
    delivery_fee_minor: number;
    tax_bps: Generated<number>;
    fee_vat_bps: Generated<number>;
    tax_mode: ColumnType<TaxMode, TaxMode | undefined, TaxMode>;
    tax_collector: ColumnType<TaxCollector, TaxCollector | undefined, TaxCollector>;
    payment_providers: ColumnType<ProviderName[], ProviderName[] | undefined, ProviderName[]>;
    /** Above this a refund needs a second person; null: half of what the order took. */
    refund_approval_above_minor: number | null;
    payout_every: ColumnType<PayoutEvery, PayoutEvery | undefined, PayoutEvery>;
    /** Less than this waits for the next period. */
    payout_minimum_minor: Generated<number>;
    /** The ways in which its parties may be paid out. */
    payout_rails: ColumnType<PayoutRail[], PayoutRail[] | undefined, PayoutRail[]>;
    created_at: CreatedAt;
  };
  merchants: {
    id: string;
    market_id: string;
    name: string;
    commission_bps: number;
    kind: ColumnType<GoodsKind, GoodsKind | undefined, GoodsKind>;
    settlement: ColumnType<Record<string, Shares>, string | undefined, string>;
    delivery_terms: ColumnType<Partial<DeliveryTerms>, string | undefined, string>;
    next_order_number: Generated<number>;
    created_at: CreatedAt;
  };
  branches: {
    id: string;
    merchant_id: string;
    market_id: string;
    name: string;
    lat: number;
    lng: number;
    address: string | null;
    auto_accept: Generated<boolean>;
    acknowledged_at: Time | null;
    paused_until: Time | null;
    created_at: CreatedAt;
  };
  people: {
    id: string;
    wrapped_key: Buffer | null;
    name_enc: Buffer | null;
    phone_enc: Buffer | null;
    address_enc: Buffer | null;
    phone_index: Buffer | null;
    merchant_id: string | null;
    erased_at: Time | null;
    created_at: CreatedAt;
  };
  drivers: {
    id: string;
    market_id: string;
    capacity: Generated<number>;
    online: Generated<boolean>;
    online_since: Time | null;
    shift_starts_at: Time | null;
    shift_ends_at: Time | null;
    lat: number | null;
    lng: number | null;
    position_at: Time | null;
    served_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    skills: ColumnType<DriverSkill[], DriverSkill[] | undefined, DriverSkill[]>;
    vehicle: ColumnType<Vehicle | null, Vehicle | null | undefined, Vehicle | null>;
    merchant_id: ColumnType<string | null, string | null | undefined, string | null>;
    rating: ColumnType<number | null, number | null | undefined, number | null>;
    created_at: CreatedAt;
  };
  driver_blocks: { driver_id: string; party: string; key_id: string; created_at: Time };
  api_keys: {
    id: string;
    secret_hash: Buffer;
    role: Role;
    merchant_id: string | null;
    branch_id: string | null;
    driver_id: string | null;
    customer_id: string | null;
    created_at: CreatedAt;
    revoked_at: Time | null;
  };
  orders: OrdersTable;
  order_events: {
    order_id: string;
    sequence: number;
    id: Generated<number>;
    xid: Generated<string>;
    merchant_id: string;
    type: string;
    body: Json<object>;
    actor: Json<Actor>;
    command_id: string;
    at: Time;
  };
  offers: {
    id: string;
    market_id: string;
    driver_id: string;
    status: OfferStatus;
    made_at: Time;
    expires_at: Time;
    answered_at: Time | null;
    pickup_eta_at: Time;
    /** By order id. */
    decision: Json<object>;
    round_id: ColumnType<string | null, string | null | undefined, never>;
    route: ColumnType<OfferedRoute, string | undefined, never>;
    is_add_on: ColumnType<boolean, boolean | undefined, never>;
  };
  offer_orders: {
    offer_id: string;
    order_id: string;
    search: number;
    status: OfferOrderStatus;
    bonus_minor: Generated<number>;
  };
  offer_events: {
    id: Generated<number>;
    offer_id: string;
    order_id: string;
    driver_id: string;
    type: string;
    at: Time;
  };
  driver_routes: {
    driver_id: string;
    market_id: string;
    at: Time;
    order_ids: string[];
    route: Json<Reroute['route']>;
    decision: Json<Omit<Reroute, 'driverId' | 'route'>>;
  };
  dispatch_rounds: {
    id: string;
    market_id: string;
    at: Time;
    engine: string;
    policy_version: string;
    input_hash: string;
    order_ids: string[];
    driver_count: number;
    input: Buffer;
    plan: Buffer;
  };
  dispatchers: { market_id: string; asleep: Generated<boolean>; last_round_at: Time | null };
  driver_positions: { driver_id: string; at: Time; lat: number; lng: number };
  incidents: {
    key: string;
    order_id: string | null;
    kind: string;
    detail: Json<object>;
    at: Time;
    resolved_at: Time | null;
    seen_by: Generated<string | null>;
  };
  idempotency_keys: {
    tenant: string;
    key: string;
    route: string;
    body_hash: Buffer;
    order_id: string | null;
    lease_until: Time;
    caught_up_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    response_status: number | null;
    response_body: Json<object> | null;
    created_at: CreatedAt;
  };
  provider_webhooks: {
    provider: string;
    event_id: string;
    type: string;
    provider_ref: string | null;
    order_id: string | null;
    received_at: CreatedAt;
    done_at: Time | null;
  };
  notes: {
    id: string;
    order_id: string | null;
    person_id: string;
    body_enc: Buffer;
    written_by: string | null;
    created_at: CreatedAt;
  };
  order_troubles: {
    order_id: string;
    kind: 'workflow_gone' | 'workflow_failing' | 'workflow_paused';
    since: Time;
    seen_at: Time;
  };
  order_claims: { order_id: string; key_id: string; claimed_at: Time; expires_at: Time };
  support_attempts: {
    command_id: string;
    id: string;
    order_id: string;
    action: string;
    params: Json<Record<string, string | number>>;
    key_id: string;
    reason: string;
    note_id: string | null;
    sequence: number;
    outcome: 'sent' | 'done' | 'refused' | 'unknown' | 'awaits_approval';
    code: string | null;
    approved_by: string | null;
    bulk_id: string | null;
    at: Time;
    answered_at: Time | null;
  };
  support_approvals: {
    id: string;
    command_id: string;
    order_id: string;
    status: 'pending' | 'approved' | 'rejected';
    asked_by: string;
    loss_minor: number;
    currency: string;
    decided_by: string | null;
    asked_at: Time;
    expires_at: Time;
    decided_at: Time | null;
  };
  bulk_jobs: { id: string; action: string; reason: string; key_id: string; created_at: Time };
  bulk_items: { bulk_id: string; order_id: string; outcome: string | null; code: string | null };
  payment_actions: {
    order_id: string;
    provider_ref: string;
    client_secret: string;
    created_at: CreatedAt;
  };
};

export type Role =
  | 'platform_admin'
  | 'support'
  | 'owner'
  | 'manager'
  | 'staff'
  | 'driver'
  | 'customer';
export const driverSkills = ['cold_chain', 'age_check', 'prescription', 'heavy'] as const;
export type DriverSkill = (typeof driverSkills)[number];

export type OfferStatus = 'open' | 'accepted' | 'declined' | 'expired' | 'withdrawn' | 'voided';
/** What a driver still drives with an offer, in driving order. */
export type OfferedRoute = readonly RouteStop[];
export type OfferOrderStatus =
  | 'open'
  | 'accepted'
  | 'assigned'
  | 'declined'
  | 'expired'
  | 'withdrawn'
  | 'refused';

type OrdersTable = {
  id: string;
  merchant_id: string;
  branch_id: string;
  market_id: string;
  customer_id: string;
  external_id: string | null;
  number: string;
  placed_at: Time;
  facts: Json<OrderFacts>;
  items: Json<Item[]>;
  currency: string;
  total_minor: number;
  pickup_lat: number;
  pickup_lng: number;
  dropoff_lat: number;
  dropoff_lng: number;
  goods_lat: ColumnType<number | null, number | null | undefined, number | null>;
  goods_lng: ColumnType<number | null, number | null | undefined, number | null>;
  sequence: Generated<number>;
  status: Generated<string>;
  order_status: Generated<string>;
  delivery_status: Generated<string>;
  payment_status: Generated<string>;
  end_reason: string | null;
  driver_id: string | null;
  offer_id: string | null;
  owner: string | null;
  deadline_at: Time | null;
  next_exit: string | null;
  deadlines: ColumnType<Deadline[], string | undefined, string>;
  ready_estimate_at: Time | null;
  ready_at: Time | null;
  pickup_eta_at: Time | null;
  dropoff_eta_at: Time | null;
  search: Generated<number>;
  search_since: Time | null;
  provider_ref: string | null;
  is_over: Generated<boolean>;
  fulfilment: Generated<string>;
  promised_at: Time | null;
  held_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
  goods_minor: Generated<number>;
  delivery_fee_minor: Generated<number>;
  tip_minor: Generated<number>;
  load: Generated<number>;
  direct: Generated<boolean>;
  dropoff_address_enc: Buffer | null;
  note_id: string | null;
  updated_at: ColumnType<Date, Date | string | undefined, Date | string>;
};
