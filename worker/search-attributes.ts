// An unregistered search attribute is a workflow task that fails for ever, so they are checked before any work.

import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { searchAttributes } from '../adapters/temporal.ts';

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/** Adds what is missing. Throws when the namespace does not exist or the server cannot be reached. */
export async function ensureSearchAttributes({
  address,
  namespace,
}: {
  readonly address: string;
  readonly namespace: string;
}): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace,
    });
    const missing = searchAttributes.filter((name) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
  } finally {
    await connection.close();
  }
}
