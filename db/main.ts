// Prepares a database: migrates it and, when WAYBILL_ADMIN_KEY is given, makes that the first platform_admin key.
// Idempotent; run before the processes start.

import { readConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { connect } from './connect.ts';
import { ensureAdminKey } from './keys.ts';
import { migrate } from './migrate.ts';

const config = readConfig(process.env);
const log = createLog({ name: 'db', level: config.logLevel });
const applied = await migrate(config.databaseUrl);
log.info(
  { migrations: applied },
  applied.length > 0 ? 'the database is migrated' : 'the database is up to date',
);

if (config.adminKey !== undefined) {
  const db = connect({ url: config.databaseUrl, poolSize: 1 });
  await ensureAdminKey(db, config.adminKey);
  await db.destroy();
  log.info('the first admin key works');
}
