// What drivers come with. Speeds are the policy's, roads those of adapters/road-times.ts.

export const vehicles = ['foot', 'bicycle', 'scooter', 'car', 'van'] as const;
export type Vehicle = (typeof vehicles)[number];
