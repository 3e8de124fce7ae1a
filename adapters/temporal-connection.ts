// A connection to Temporal that is used again as soon as the server is there again. Called by the adapters that
// send to workflows.

import { Connection } from '@temporalio/client';

/** gRPC waits up to two minutes between its tries unless told otherwise: orders would expire unanswered meanwhile. */
const reconnecting = {
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** Connects lazily: a server that is down makes calls fail, not the process. */
export const connectionTo = (address: string): Connection =>
  Connection.lazy({ address, connectTimeout: 2_000, channelArgs: reconnecting });
