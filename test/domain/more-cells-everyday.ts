// Further commands in everyday situations: situation → command → the events that it causes.

import * as mix from './more-cells-mix.ts';
import type { Heard } from './more-cells.ts';

export const everydayCells: readonly (readonly [situations: readonly string[], heard: Heard])[] = [
  [
    ['unplaced', 'authorizing', 'authorizing, last card', 'checking, last'],
    {
      ...mix.alive,
      convertToPickup: 'order.converted_to_pickup',
      changeAddress: 'order.address_changed',
    },
  ],
  [
    ['requires action', 'checking', 'checking, news came', 'declined'],
    { ...mix.delivering, convertToPickup: 'order.converted_to_pickup' },
  ],
  [
    ['pending', 'pending, reminded', 'pending, called'],
    {
      ...mix.delivering,
      acknowledge: 'order.acknowledged',
      convertToPickup: 'order.converted_to_pickup',
      resendToMerchant: 'order.resubmitted',
    },
  ],
  [
    ['pending, acknowledged'],
    {
      ...mix.delivering,
      convertToPickup: 'order.converted_to_pickup',
      resendToMerchant: 'order.resubmitted',
    },
  ],
  [
    ['search ahead'],
    {
      ...mix.delivering,
      ...mix.ended,
      ...mix.beforeTheDriver,
      delayPrep: 'order.delayed',
      reportShortage: 'order.shortage_reported',
      assignDriver: 'delivery.assigned',
      forceReady: 'order.ready delivery.released',
    },
  ],
  [
    [
      'searching',
      'searching again',
      'preparing, asked',
      'preparing, reestimated',
      'preparing, escalated',
    ],
    {
      ...mix.delivering,
      ...mix.ended,
      ...mix.beforeTheDriver,
      delayPrep: 'order.delayed',
      reportShortage: 'order.shortage_reported',
      assignDriver: 'delivery.assigned',
      forceReady: 'order.ready',
    },
  ],
  [
    ['confirmed', 'confirmed, pinged'],
    {
      ...mix.delivering,
      ...mix.ended,
      delayPrep: 'order.delayed',
      reportShortage: 'order.shortage_reported',
      arriveAtPickup: 'delivery.arrived_at_pickup',
      changeEta: 'delivery.eta_changed',
      unassignDriver: 'delivery.unassigned delivery.released',
      forceReady: 'order.ready',
      'forceFail before pickup': 'order.failed delivery.cancelled order.settled payment.voiding',
      convertToPickup: 'order.converted_to_pickup delivery.unassigned',
    },
  ],
  [
    ['ready, searching'],
    { ...mix.delivering, ...mix.ended, ...mix.beforeTheDriver, assignDriver: 'delivery.assigned' },
  ],
  [
    ['ready, confirmed'],
    {
      ...mix.delivering,
      ...mix.ended,
      arriveAtPickup: 'delivery.arrived_at_pickup',
      changeEta: 'delivery.eta_changed',
      unassignDriver: 'delivery.unassigned delivery.released',
      'forceFail before pickup': 'order.failed delivery.cancelled order.settled payment.voiding',
      convertToPickup: 'order.converted_to_pickup delivery.unassigned',
    },
  ],
  [
    ['ready, confirmed, last driver'],
    {
      ...mix.delivering,
      ...mix.ended,
      arriveAtPickup: 'delivery.arrived_at_pickup',
      changeEta: 'delivery.eta_changed',
      unassignDriver:
        'delivery.unassigned order.failed delivery.cancelled order.settled payment.voiding',
      'forceFail before pickup': 'order.failed delivery.cancelled order.settled payment.voiding',
      convertToPickup: 'order.converted_to_pickup delivery.unassigned',
    },
  ],
  [
    ['assumed ready, searching'],
    {
      ...mix.delivering,
      ...mix.ended,
      ...mix.beforeTheDriver,
      assignDriver: 'delivery.assigned',
      forceReady: 'order.ready',
    },
  ],
  [
    ['assumed ready, confirmed'],
    {
      ...mix.delivering,
      ...mix.ended,
      arriveAtPickup: 'delivery.arrived_at_pickup',
      changeEta: 'delivery.eta_changed',
      unassignDriver: 'delivery.unassigned delivery.released',
      forceReady: 'order.ready',
      'forceFail before pickup': 'order.failed delivery.cancelled order.settled payment.voiding',
      convertToPickup: 'order.converted_to_pickup delivery.unassigned',
    },
  ],
  [
    ['picked up', 'picked up, pinged', 'assumed ready, picked up'],
    {
      ...mix.delivering,
      ...mix.ended,
      ...mix.onTheWay,
      arriveAtDropoff: 'delivery.arrived_at_dropoff',
      changeEta: 'delivery.eta_changed',
      'failDropoff refused': 'delivery.return_started',
      reportProblem: 'delivery.problem_reported',
    },
  ],
  [
    ['unconfirmed'],
    {
      ...mix.delivering,
      ...mix.ended,
      ...mix.onTheWay,
      remake: 'delivery.unassigned order.remade delivery.released',
      redeliver: 'delivery.redelivery_started',
    },
  ],
  [
    [
      'delivered',
      'delivered, capture failed',
      'delivered, capturing again',
      'delivered, given up',
      'completed',
      'completed, written off',
      'cancelled, authorizing',
      'cancelled, declined',
      'cancelled before accepting, voiding',
      'cancelled before accepting, voided',
      'cancelled before accepting, written off',
      'cancelled by the merchant, voiding',
      'cancelled by the merchant, voided',
      'cancelled by the merchant, written off',
      'cancelled, capturing',
      'cancelled, capture failed',
      'cancelled, captured',
      'denied, voiding',
      'denied, voided',
      'denied, written off',
      'expired, voiding',
      'expired, voided',
      'expired, written off',
      'failed, voiding',
      'failed, voided',
      'failed, written off',
      'returned, capturing',
      'pickup, handed over',
    ],
    {},
  ],
];
