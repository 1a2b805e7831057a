import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import pg from 'pg';

export interface Pooler {
  url: string;
  close(): Promise<void>;
}

/** Server sessions; a client may hold one in a transaction while another one asks. */
const SIZE = 2;
/** Of a message of PostgreSQL's protocol: its type, and the length of the rest. */
const HEADER = 5;
const READY_FOR_QUERY = 'Z';
const TERMINATE = 'X';
const IDLE = 'I';

/** Splits a stream into messages. */
function eachMessage(onMessage: (message: Buffer, type: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER && rest.length >= 1 + rest.readInt32BE(1)) {
      const message = rest.subarray(0, 1 + rest.readInt32BE(1));
      rest = rest.subarray(message.length);
      onMessage(message, String.fromCharCode(message[0] ?? 0));
    }
  };
}

/** What a server says to a client that it lets in; the process id is the pooler's own, as PgBouncer's is. */
const WELCOME = Buffer.concat([
  Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]),
  Buffer.from([0x4b, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1]),
  Buffer.from([0x5a, 0, 0, 0, 5, 0x49]),
]);

/** A pooler before a real server: it lends a server session until the transaction has ended, or until the client has gone. */
export async function openPooler(databaseUrl: string, until: 'transaction' | 'session'): Promise<Pooler> {
  const sessions: pg.Client[] = [];
  const free: Socket[] = [];
  const waiting: ((session: Socket) => void)[] = [];
  const borrowers = new Map<Socket, Socket>();
  const giveBack = (session: Socket) => {
    borrowers.delete(session);
    const next = waiting.shift();
    if (next) next(session);
    else free.push(session);
  };
  for (let at = 0; at < SIZE; at++) {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'pooler' });
    client.on('error', () => undefined);
    await client.connect();
    sessions.push(client);
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners('data');
    stream.on(
      'data',
      eachMessage((message, type) => {
        borrowers.get(stream)?.write(message);
        const isIdle = type === READY_FOR_QUERY && String.fromCharCode(message[HEADER] ?? 0) === IDLE;
        if (isIdle && until === 'transaction') giveBack(stream);
      }),
    );
    free.push(stream);
  }
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const sessionOf = () => [...borrowers].find(([, borrower]) => borrower === client)?.[0];
    client.on('error', () => undefined);
    client.on('close', () => {
      clients.delete(client);
      const lent = sessionOf();
      if (lent) giveBack(lent);
    });
    // The start-up packet has no type; its parameters are those of the server sessions.
    client.once('data', () => {
      client.write(WELCOME);
      let queue: Buffer[] = [];
      client.on(
        'data',
        eachMessage((message, type) => {
          if (type === TERMINATE) return;
          const lent = sessionOf();
          if (lent) {
            lent.write(message);
            return;
          }
          queue.push(message);
          if (queue.length > 1) return;
          const lend = (session: Socket) => {
            borrowers.set(session, client);
            for (const queued of queue) session.write(queued);
            queue = [];
          };
          const session = free.pop();
          if (session) lend(session);
          else waiting.push(lend);
        }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    close: async () => {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
      for (const { connection } of sessions as unknown as { connection: { stream: Socket } }[])
        connection.stream.destroy();
    },
  };
}
