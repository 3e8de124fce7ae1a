// The least of a system that robots need: orders go their straight way, and each is offered to the driver
// who asks first.

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly secret: string;
  readonly body: Readonly<Record<string, unknown>>;
};
export type Said = { readonly status: number; readonly body?: unknown } | 'drop' | 'silence';

type Ends = { readonly pickup: unknown; readonly dropoff: unknown };

const effects: Readonly<Record<string, readonly string[]>> = {
  accept: ['order.accepted', 'delivery.created'],
  ready: ['order.ready'],
  'pick-up': ['delivery.picked_up'],
  deliver: ['delivery.delivered', 'payment.captured', 'order.completed'],
};

export function createSystem() {
  const log = createLog();
  const waiting: string[] = [];
  const ends = new Map<string, Ends>();
  const branches = new Map<string, unknown>();
  let made = 0;
  const created = (body: object): Said => ({
    status: 201,
    body: { id: `id-${(made += 1)}`, ...body },
  });

  function found({ path, body }: Asked): Said {
    if (path === '/v1/admin/keys') return created({ secret: `secret-${made}` });
    if (path === '/v1/admin/branches') branches.set(`id-${made + 1}`, body['location']);
    return created({});
  }

  function orders({ method, body }: Asked): Said {
    if (method === 'GET') return { status: 200, body: { data: [] } };
    const orderId = `ord-${(made += 1)}`;
    const { location } = body['dropoff'] as { readonly location: unknown };
    ends.set(orderId, { pickup: branches.get(String(body['branch_id'])), dropoff: location });
    log.happen(orderId, ['order.placed', 'payment.authorized', 'order.submitted']);
    return { status: 201, body: { id: orderId } };
  }

  function command(orderId: string, action: string): Said {
    log.happen(orderId, effects[action] ?? []);
    if (action === 'accept') waiting.push(orderId);
    return { status: 200, body: { id: orderId } };
  }

  function offers(id: string): Said {
    const open = (orderId: string): object => offerOf(orderId, 'open', ends.get(orderId));
    if (id === '') return { status: 200, body: { data: waiting.splice(0, 1).map(open) } };
    const orderId = id.slice('off-'.length);
    log.happen(orderId, ['delivery.assigned']);
    return { status: 200, body: offerOf(orderId, 'assigned', ends.get(orderId)) };
  }

  function answer(asked: Asked): Said {
    const [, , thing = '', id = '', action = ''] = asked.path.split('/');
    if (thing === 'admin') return found(asked);
    if (thing === 'orders') return id === '' ? orders(asked) : command(id, action);
    if (thing === 'events') return log.read(asked.secret);
    return thing === 'offers' ? offers(id) : { status: 200 };
  }

  return { answer, events: log.events };
}

const offerOf = (orderId: string, status: string, ends: Ends | undefined): object => ({
  id: `off-${orderId}`,
  status,
  orders: [
    {
      order_id: orderId,
      status,
      branch: { location: ends?.pickup },
      dropoff: { location: ends?.dropoff },
    },
  ],
});

/** Everything that happens goes to the first merchant who reads; the others hear nothing. */
function createLog() {
  const events: {
    readonly order_id: string;
    readonly sequence: number;
    readonly type: string;
    readonly data: object;
  }[] = [];
  let reader: string | undefined;
  let read = 0;
  return {
    events: () => events,
    happen(orderId: string, types: readonly string[]): void {
      for (const type of types) {
        const sequence = events.filter((event) => event.order_id === orderId).length + 1;
        events.push({ order_id: orderId, type, sequence, data: {} });
      }
    },
    read(secret: string): Said {
      reader ??= secret;
      const data = secret === reader ? events.slice(read) : [];
      if (secret === reader) read = events.length;
      return { status: 200, body: { data, next_cursor: 'next' } };
    },
  };
}
