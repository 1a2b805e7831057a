import pg from 'pg';

/** Runs `work` with a connection of its own. */
export async function withSession<T>(url: string, work: (session: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
