// Bodies and answers of the driver's routes: presence, positions, offers.

import { Type, type Static } from 'typebox';
import { idPattern } from '../../domain/ids.ts';
import { Body, Id, Location, Nullable, Time, WaitS } from './common.ts';

export const Online = Body({
  location: Location,
  shift_starts_at: Type.Optional(
    Type.String({ ...Time, description: 'Still to come: plans count on you from then on' }),
  ),
  shift_ends_at: Type.Optional(Time),
});
export type Online = Static<typeof Online>;
export const Offline = Body({});
export const Presence = Type.Object({ driver_id: Type.String(), online: Type.Boolean() });

export const Positions = Body({
  positions: Type.Array(
    Body({
      at: Time,
      lat: Type.Number({ minimum: -90, maximum: 90 }),
      lng: Type.Number({ minimum: -180, maximum: 180 }),
    }),
    { minItems: 1, maxItems: 100 },
  ),
});
export type Positions = Static<typeof Positions>;
export const PositionsTaken = Type.Object({
  stored: Type.Integer(),
  online: Type.Boolean({ description: 'false: go online again, nobody offers you anything' }),
});

export const OfferQuery = Body({ wait: WaitS });
export const AcceptOffer = Body({});
export const DeclineOffer = Body({});

const stop = { kind: Type.Enum(['pickup', 'dropoff']), order_id: Type.String() } as const;

export const RouteQuery = Body({
  after: Type.Optional(
    Type.String({ ...Time, description: 'Wait until its order was decided later than this' }),
  ),
  wait: WaitS,
});
export const Route = Type.Object({
  decided_at: Nullable(
    Type.String({
      ...Time,
      description: 'When the order of the stops was decided; null: by nobody but a person',
    }),
  ),
  data: Type.Array(
    Type.Object({
      ...stop,
      location: Location,
      eta_at: Nullable(
        Type.String({
          ...Time,
          description: 'As was told last; null: the driver is there, or brings the goods back',
        }),
      ),
    }),
    { description: 'What is left to drive, in this order' },
  ),
});
export type Route = Static<typeof Route>;

export const Offer = Type.Object({
  id: Type.String(),
  status: Type.String({ description: 'open accepted declined expired withdrawn voided' }),
  made_at: Time,
  expires_at: Time,
  pickup_eta_at: Time,
  is_add_on: Type.Boolean({ description: 'At a counter to which the driver is on the way' }),
  route: Type.Array(Type.Object({ ...stop, eta_at: Time }), {
    description: 'All that is driven with this offer, in this order, deliveries under way included',
  }),
  left_out: Nullable(
    Type.String({ description: 'Which of its deliveries are gone, in a sentence; null: none' }),
  ),
  orders: Type.Array(
    Type.Object({
      order_id: Type.String(),
      number: Type.String(),
      status: Type.String({
        description: 'open accepted assigned declined expired withdrawn refused',
      }),
      branch: Type.Object({ name: Type.String(), location: Location }),
      goods_at: Nullable(
        Type.Object(
          { location: Location },
          { description: 'Fetch it here, not at the branch: its driver could not go on' },
        ),
      ),
      dropoff: Type.Object({ location: Location }),
      pay_minor: Type.Integer({ description: 'Delivery pay, bonus and tip' }),
      bonus_minor: Type.Integer({
        description: 'Part of it: for a delivery that nobody has taken for a while',
      }),
      currency: Type.String(),
      ready_estimate_at: Nullable(Time),
    }),
  ),
});
export type Offer = Static<typeof Offer>;
export const Offers = Type.Object({ data: Type.Array(Offer) });

export const NewBlock = Body({
  party: Type.String({
    pattern: `${idPattern('customer')}|${idPattern('merchant')}`,
    description: 'The id of a customer or a merchant',
  }),
});
export const BlockParams = Type.Object({ id: Id('driver'), party: NewBlock.properties.party });
export const Block = Type.Object({
  party: Type.String(),
  key_id: Type.String({ description: 'Who wanted it so' }),
  created_at: Time,
});
export const Blocks = Type.Object({ data: Type.Array(Block) });
