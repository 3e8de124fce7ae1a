// The workflows that a worker runs; the bundler starts here.

export { bulk } from './bulk.ts';
export { dispatcher } from './dispatcher.ts';
export { maintenance } from './maintenance.ts';
export { order } from './order.ts';
export { payout } from './payout.ts';
export { payouts } from './payouts.ts';
export { reconciliation } from './reconciliation.ts';
export { refund } from './refund.ts';
export { settle } from './settle.ts';
export { tip } from './tip.ts';
export { topUp } from './top-up.ts';
export { withdrawal } from './withdrawal.ts';
