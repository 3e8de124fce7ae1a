// Cells that many situations share.

export const alive = {
  'changeTip less': 'order.tip_changed',
  changeDropoffNotes: 'order.notes_changed',
  hold: 'order.held',
} as const;
export const delivering = {
  'changeTip less': 'order.tip_changed',
  changeDropoffNotes: 'order.notes_changed',
  hold: 'order.held',
  'extendDeadline first': 'deadline.extended',
  changeAddress: 'order.address_changed',
} as const;
export const ended = {
  cancelWithOutcome: 'order.cancelled delivery.cancelled order.settled payment.capturing',
} as const;
export const searched = {
  'assign this offer': 'delivery.assigned',
  'assign another': 'delivery.assigned',
  assignDriver: 'delivery.assigned',
} as const;
export const goodsWithDriver = {
  forceDeliver: 'delivery.delivered order.settled payment.capturing',
  'forceFail lost': 'order.failed delivery.cancelled order.settled payment.voiding',
  transferDelivery: 'delivery.transferred',
} as const;
export const onTheWay = {
  ...goodsWithDriver,
  bringBack: 'delivery.return_started',
} as const;
export const beforeTheDriver = {
  'forceFail before pickup': 'order.failed delivery.cancelled order.settled payment.voiding',
  convertToPickup: 'order.converted_to_pickup delivery.cancelled',
} as const;
export const cancels = {
  'cancel by customer': 'order.cancelled delivery.cancelled order.settled payment.capturing',
  'cancel by merchant': 'order.cancelled delivery.cancelled order.settled payment.voiding',
  'cancel by support': 'order.cancelled delivery.cancelled order.settled payment.voiding',
} as const;
