// The yardstick of POST /v1/orders: a Fastify that parses the same body and makes one insert. No keys, no schema, no
// engine.

import { fastify } from 'fastify';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 20 });
const app = fastify();

app.post('/v1/orders', async (request, reply) => {
  const { rows } = await pool.query<{ id: string }>(
    'INSERT INTO bare_orders (body) VALUES ($1) RETURNING id',
    [JSON.stringify(request.body)],
  );
  return reply.code(201).send({ id: rows[0]?.id, status: 'PENDING' });
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(
    signal,
    () =>
      void app
        .close()
        .then(() => pool.end())
        .then(() => process.exit(0)),
  );
}
await pool.query(
  'CREATE TABLE IF NOT EXISTS bare_orders (id bigserial PRIMARY KEY, body jsonb NOT NULL)',
);
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
console.log('the bare API listens');
