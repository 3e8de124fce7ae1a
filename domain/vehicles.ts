// What drivers come with. Speeds are the policy's, roads those of a provider of road times.

export const vehicles = ['foot', 'bicycle', 'scooter', 'car', 'van'] as const;
export type Vehicle = (typeof vehicles)[number];

/** The most that anybody carries at a time. */
export const maxCapacity = 20;

/** Roads and paths that differ: for who drives, rides and walks. */
export type RoadUser = 'car' | 'bicycle' | 'foot';

/** Whose vehicle is not known drives. */
export const roadUserOf = (vehicle: Vehicle | undefined): RoadUser =>
  vehicle === 'foot' || vehicle === 'bicycle' ? vehicle : 'car';
