// The workflows that a worker runs; the bundler starts here.

export { maintenance } from './maintenance.ts';
export { order } from './order.ts';
