// The part of Stripe's REST API that the fake answers: payment intents, charges, refunds, disputes, Connect.
// A route is found first and run later, so that faults and idempotency sit between. Used by server.ts.
import { type Form, listUnder } from './form.ts';
import { createDisputeRoutes, type Disputes } from './disputes.ts';
import type { createConnectRoutes } from './connect-routes.ts';
import { paginate } from './pages.ts';
import type { Payments } from './payments.ts';
import type { createRefunds } from './refunds.ts';
import { executed, missing, rejected, type Reply } from './replies.ts';
import type { Intent, Refund, State } from './state.ts';
import { viewCharge, viewIntent, viewList, viewRefund } from './views.ts';

export type Route = {
  /** The intent that the path names, for matching faults. */
  readonly intent?: Intent | undefined;
  /** `account`: on whose behalf, of the connected ones. */
  readonly run: (form: Form, account: string | undefined) => Reply;
};

export type RouteOptions = {
  readonly state: State;
  readonly payments: Payments;
  readonly refunds: ReturnType<typeof createRefunds>;
  readonly disputes: Disputes;
  readonly findConnectRoute: ReturnType<typeof createConnectRoutes>;
  /** How far behind search is. */
  readonly searchLagMs: number;
};

const notFound = (method: string, path: string): Route => ({
  run: () => rejected(404, { message: `Unrecognized request URL (${method}: ${path}).` }),
});

/** `data.latest_charge` of a list is `latest_charge` of each object. */
const itemExpand = (form: Form): readonly string[] =>
  listUnder(form, 'expand').map((field) => field.replace(/^data\./, ''));

function createReads({ state, searchLagMs, refunds }: RouteOptions) {
  function listIntents(form: Form): Reply {
    const page = paginate([...state.intents.values()].toReversed(), form);
    const expand = itemExpand(form);
    const data = page.data.map((intent) => viewIntent(state, intent, expand));
    return executed(viewList('/v1/payment_intents', data, page.hasMore));
  }

  /** Knows `metadata['name']:'value'` and `status:'value'`, joined by AND, on what it has indexed. */
  function searchIntents(form: Form): Reply {
    const terms = [
      ...(form.get('query') ?? '').matchAll(/(?:metadata\['([^']+)'\]|(status)):'([^']*)'/g),
    ];
    if (terms.length === 0) return rejected(400, { param: 'query', message: 'Invalid query.' });
    const orderId = terms.find(([, name]) => name === 'order_id')?.[3];
    const ids = orderId === undefined ? [...state.intents.keys()] : state.intentsOfOrder(orderId);
    const expand = itemExpand(form);
    const data = ids
      .flatMap((id) => state.intents.get(id) ?? [])
      .filter(({ createdAt }) => createdAt <= state.now() - searchLagMs)
      .filter((intent) =>
        terms.every(([, name, , value]) =>
          name === undefined ? intent.status === value : intent.metadata[name] === value,
        ),
      )
      .toReversed();
    return executed({
      ...viewList(
        '/v1/payment_intents/search',
        data.slice(0, 100).map((intent) => viewIntent(state, intent, expand)),
        data.length > 100,
      ),
      object: 'search_result',
      next_page: null,
    });
  }

  function readIntent(intent: Intent, form: Form): Reply {
    return executed(viewIntent(state, intent, listUnder(form, 'expand')));
  }

  function readCharge(id: string, form: Form): Reply {
    const charge = state.charges.get(id);
    const intent = state.intents.get(charge?.intentId ?? '');
    if (charge === undefined || intent === undefined) return missing('charge', id);
    const expand = listUnder(form, 'expand').includes('balance_transaction');
    return executed(viewCharge({ charge, intent, expand }));
  }

  const show = (refund: Refund) =>
    viewRefund(refund, state.intents.get(refund.intentId)?.currency ?? '');

  function readRefund(id: string): Reply {
    const refund = state.refunds.get(id);
    return refund === undefined ? missing('refund', id) : executed(show(refunds.settle(refund)));
  }

  function listRefunds(form: Form): Reply {
    const intentId = form.get('payment_intent');
    const all = [...state.refunds.values()]
      .filter((refund) => intentId === undefined || refund.intentId === intentId)
      .toReversed();
    const page = paginate(all, form);
    return executed(viewList('/v1/refunds', page.data.map(show), page.hasMore));
  }

  return { listIntents, searchIntents, readIntent, readCharge, readRefund, listRefunds };
}

function createFindDispute({ state, disputes }: Pick<RouteOptions, 'state' | 'disputes'>) {
  const routes = createDisputeRoutes(disputes);

  function listDisputes(form: Form): Reply {
    const [intentId, chargeId] = [form.get('payment_intent'), form.get('charge')];
    const all = [...state.disputes.values()]
      .filter((dispute) => intentId === undefined || dispute.intentId === intentId)
      .filter((dispute) => chargeId === undefined || dispute.chargeId === chargeId)
      .toReversed();
    const page = paginate(all, form);
    return executed(viewList('/v1/disputes', page.data.map(disputes.show), page.hasMore));
  }

  return function findDisputeRoute(method: string, path: string): Route | undefined {
    if (method === 'GET' && path === '/v1/disputes') return { run: listDisputes };
    const [, id, verb] = /^\/v1\/disputes\/(dp_\w+)(?:\/(close))?$/.exec(path) ?? [];
    if (id === undefined) return undefined;
    if (method === 'GET') return verb === undefined ? { run: routes.read(id) } : undefined;
    return { run: verb === 'close' ? routes.accept(id) : routes.update(id) };
  };
}

export function createRoutes(options: RouteOptions) {
  const { state, payments, refunds } = options;
  const findDisputeRoute = createFindDispute(options);
  const reads = createReads(options);

  function findIntentRoute(method: string, path: string): Route | undefined {
    const [, id, verb] = /^\/v1\/payment_intents\/(pi_\w+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (id === undefined) return undefined;
    const intent = state.intents.get(id);
    // Looked up again when it runs: a fault or a late request may have changed it meanwhile.
    const withIntent = (run: (intent: Intent, form: Form) => Reply): Route => ({
      intent,
      run: (form) => {
        const current = state.intents.get(id);
        return current === undefined ? missing('payment_intent', id) : run(current, form);
      },
    });
    if (method === 'GET' && verb === undefined) return withIntent(reads.readIntent);
    if (method !== 'POST') return undefined;
    if (verb === 'confirm') return withIntent(payments.confirm);
    if (verb === 'capture') return withIntent(payments.capture);
    return verb === 'cancel' ? withIntent(payments.cancel) : undefined;
  }

  return function findRoute(method: string, path: string): Route {
    switch (`${method} ${path}`) {
      case 'POST /v1/payment_intents':
        return { run: payments.create };
      case 'GET /v1/payment_intents':
        return { run: reads.listIntents };
      case 'GET /v1/payment_intents/search':
        return { run: reads.searchIntents };
      case 'POST /v1/refunds':
        return { run: refunds.create };
      case 'GET /v1/refunds':
        return { run: reads.listRefunds };
      default:
        break;
    }
    const [, kind, id = ''] = /^\/v1\/(charges|refunds)\/(\w+)$/.exec(path) ?? [];
    if (method === 'GET' && kind === 'charges')
      return { run: (form) => reads.readCharge(id, form) };
    if (method === 'GET' && kind === 'refunds') return { run: () => reads.readRefund(id) };
    return (
      findIntentRoute(method, path) ??
      findDisputeRoute(method, path) ??
      options.findConnectRoute(method, path) ??
      notFound(method, path)
    );
  };
}
