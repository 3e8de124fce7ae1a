// The routes of the fake's Connect: transfers and their reversals, payouts of a connected account, accounts.
import type { Connect } from './connect.ts';
import type { Form } from './form.ts';
import { paginate } from './pages.ts';
import { executed, missing, type Reply } from './replies.ts';
import type { Route } from './routes.ts';
import type { State } from './state.ts';
import { viewAccount, viewList, viewPayout, viewTransfer } from './views.ts';

type Options = { readonly state: State; readonly connect: Connect };

export function createConnectRoutes({ state, connect }: Options) {
  function listTransfers(form: Form): Reply {
    const [group, to] = [form.get('transfer_group'), form.get('destination')];
    const all = [...state.transfers.values()]
      .filter(({ transferGroup }) => group === undefined || transferGroup === group)
      .filter(({ destination }) => to === undefined || destination === to)
      .toReversed();
    const page = paginate(all, form);
    return executed(viewList('/v1/transfers', page.data.map(viewTransfer), page.hasMore));
  }

  function listPayouts(form: Form, account: string | undefined): Reply {
    const all = [...state.payouts.values()].filter((payout) => payout.account === account);
    const page = paginate(all.toReversed(), form);
    return executed(viewList('/v1/payouts', page.data.map(viewPayout), page.hasMore));
  }

  function readPayout(id: string, account: string | undefined): Reply {
    const payout = state.payouts.get(id);
    return payout?.account === account && payout !== undefined
      ? executed(viewPayout(payout))
      : missing('payout', id);
  }

  function findOne(method: string, path: string): Route | undefined {
    const [, kind, id = '', verb] =
      /^\/v1\/(transfers|payouts|accounts)\/(\w+)(?:\/(reversals))?$/.exec(path) ?? [];
    const transfer = (run: (id: string) => Reply | undefined): Route => ({
      run: () => run(id) ?? missing('transfer', id),
    });
    switch (`${method} ${kind} ${verb ?? ''}`.trim()) {
      case 'GET transfers':
        return transfer(() => {
          const found = state.transfers.get(id);
          return found && executed(viewTransfer(found));
        });
      case 'POST transfers reversals':
        return transfer(() => {
          const found = state.transfers.get(id);
          return found && connect.reverse(found);
        });
      case 'GET payouts':
        return { run: (_form, account) => readPayout(id, account) };
      case 'GET accounts':
        return {
          run: () => {
            const found = state.accounts.get(id);
            return found ? executed(viewAccount(found)) : missing('account', id);
          },
        };
      default:
        return undefined;
    }
  }

  return function findConnectRoute(method: string, path: string): Route | undefined {
    switch (`${method} ${path}`) {
      case 'POST /v1/transfers':
        return { run: connect.transfer };
      case 'GET /v1/transfers':
        return { run: listTransfers };
      case 'POST /v1/payouts':
        return { run: connect.payOut };
      case 'GET /v1/payouts':
        return { run: listPayouts };
      default:
        return findOne(method, path);
    }
  };
}
