import type pg from 'pg';

/** Process id of the server session that answers now. */
async function answering(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/**
 * True where a pooler lends server sessions for one transaction each. It is asked before anything is set: a setting would stay
 * with the server session, and hold for its next client.
 *
 * @param open another client of the same address
 */
export async function lendsTransactions(client: pg.Client, open: () => Promise<pg.Client>): Promise<boolean> {
  const own = await answering(client);
  // A server names its session's own process id when it lets a client in; a pooler names one of its making.
  if (own === (client as unknown as { processID: number }).processID) return false;
  const other = await open();
  try {
    await other.query('begin');
    const lent = await answering(other);
    return lent === own || (await answering(client)) !== own;
  } finally {
    await other.query('rollback');
    await other.end();
  }
}
