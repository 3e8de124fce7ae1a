// Makes a Temporal server ready for Waybill: the namespace and its search attributes, over gRPC.
// Every step may be repeated; a worker started before the namespace exists would die.
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const RETENTION_DAYS = 7;
const ALREADY_EXISTS = 6;
const { INDEXED_VALUE_TYPE_KEYWORD: KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

export type NamespaceWish = {
  readonly address: string;
  readonly namespace: string;
  /** Search attributes to have, all of type Keyword. */
  readonly searchAttributes: readonly string[];
  /** How long a server that is known to be there may take; short for one that is still coming up. */
  readonly withinMs?: number;
};

/** Rejects within a few seconds while the server does not answer; then call it again. */
export async function ensureNamespace(wish: NamespaceWish): Promise<void> {
  const { address, namespace, withinMs = 5_000 } = wish;
  const connectTimeout = wish.withinMs ?? 1_000;
  await withConnection({ address, connectTimeout }, async (connection) => {
    await connection.withDeadline(Date.now() + withinMs, async () => {
      await registerNamespace(connection, namespace);
      await addSearchAttributes(connection, wish);
      // Answers only when visibility knows every attribute.
      const query = wish.searchAttributes.map((name) => `${name} = 'none'`).join(' OR ');
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
    });
  });
}

/** For a server that is not ours: only asks whether it answers and knows the namespace. */
export async function checkNamespace(address: string, namespace: string): Promise<void> {
  await withConnection({ address, connectTimeout: 1_000 }, (connection) =>
    connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    ),
  );
}

async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  const retention = { seconds: (RETENTION_DAYS * 86_400) as never }; // int64: a number is accepted
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: retention,
    });
  } catch (error) {
    if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error;
    // A development server registers "default" by itself, with another retention.
    const config = { workflowExecutionRetentionTtl: retention };
    await connection.workflowService.updateNamespace({ namespace, config });
  }
}

async function addSearchAttributes(connection: Connection, wish: NamespaceWish): Promise<void> {
  const { namespace } = wish;
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = wish.searchAttributes.filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}

async function withConnection(
  server: { readonly address: string; readonly connectTimeout: number },
  work: (connection: Connection) => Promise<unknown>,
): Promise<void> {
  const connection = await Connection.connect(server);
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}
