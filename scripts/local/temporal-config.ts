// The configuration that both Temporal flavours share, and the files of the plain server: one
// SQLite file for everything, loopback ports only, a Prometheus listener.
import type { Profile } from './state.ts';

/** What the engine relies on; `dispatch timers` would be up to a second late without the last. */
export const dynamicConfig: Readonly<Record<string, boolean | number | string>> = {
  'frontend.WorkflowTimeSkippingEnabled': true,
  'frontend.WorkflowPauseEnabled': true,
  'system.forceSearchAttributesCacheRefreshOnRead': true,
  'history.timerProcessorMaxTimeShift': '20ms',
  // The defaults (20 reads a second and shard) let timers queue for tens of seconds behind a fast dispatcher.
  'history.timerProcessorMaxPollRPS': 1_000,
  'history.transferProcessorMaxPollRPS': 1_000,
  'history.visibilityProcessorMaxPollRPS': 1_000,
  // One server: each further partition of a queue would only forward its tasks to the first.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  // Clients who insist start the count anew: with the default of five, broken workflows are never reported.
  'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute': 2,
};

export const temporalPorts = [
  'frontend',
  'http',
  'metrics',
  'history',
  'matching',
  'worker',
  'frontendMembership',
  'historyMembership',
  'matchingMembership',
  'workerMembership',
] as const;

/** How SQLite writes: a bench measures durable writes, a test need not survive a power cut. */
export function sqliteSynchronous(profile: Profile): 'off' | 'normal' | 'full' {
  return ({ start: 'normal', test: 'off', bench: 'full' } as const)[profile];
}

export function dynamicConfigFile(): string {
  return Object.entries(dynamicConfig)
    .map(([key, value]) => `${key}: [{value: ${JSON.stringify(value)}}]\n`)
    .join('');
}

export function serverConfigFile(
  profile: Profile,
  ports: Readonly<Record<string, number>>,
): string {
  const service = (name: string, more = ''): string =>
    `{rpc: {grpcPort: ${ports[name]}, membershipPort: ${ports[`${name}Membership`]}, ${more}bindOnLocalHost: true}}`;
  const frontend = `127.0.0.1:${ports['frontend']}`;
  const http = `127.0.0.1:${ports['http']}`;
  return `log: {stdout: true, level: warn}
persistence:
  defaultStore: default
  visibilityStore: visibility
  numHistoryShards: 4
  datastores:
    default: &store
      sql:
        pluginName: sqlite
        databaseName: "temporal.db"
        connectAddr: localhost
        connectProtocol: tcp
        connectAttributes: {mode: rwc, setup: "true", journal_mode: wal, synchronous: "${sqliteSynchronous(profile)}", busy_timeout: "10000"}
        maxConns: 1
        maxIdleConns: 1
        maxConnLifetime: 1h
    visibility: *store
global:
  membership: {maxJoinDuration: 30s, broadcastAddress: "127.0.0.1"}
  metrics: {prometheus: {timerType: histogram, listenAddress: "127.0.0.1:${ports['metrics']}"}}
services:
  frontend: ${service('frontend', `httpPort: ${ports['http']}, `)}
  history: ${service('history')}
  matching: ${service('matching')}
  worker: ${service('worker')}
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation: {active: {enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: "${frontend}", httpAddress: "${http}"}}
dcRedirectionPolicy: {policy: noop}
archival: {history: {state: disabled}, visibility: {state: disabled}}
namespaceDefaults: {archival: {history: {state: disabled}, visibility: {state: disabled}}}
publicClient: {hostPort: "${frontend}"}
dynamicConfigClient: {filepath: dynamic.yaml, pollInterval: 60s}
`;
}
