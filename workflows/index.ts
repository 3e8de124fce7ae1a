// The workflows that a worker runs; the bundler starts here.

export { dispatcher } from './dispatcher.ts';
export { maintenance } from './maintenance.ts';
export { order } from './order.ts';
export { reconciliation } from './reconciliation.ts';
export { refund } from './refund.ts';
