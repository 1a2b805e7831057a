/** Where the data comes from: the foreign server and the remote schemas that are imported into one local schema. */
export const portal = {
  server: 'portal_srv',
  localSchema: 'portal_fdw',
  remoteSchemas: ['wdpa', 'reference', 'pame'],
  /** use_remote_estimate: the planner knows nothing of foreign tables otherwise. fetch_size: rows a round trip. */
  serverOptions: { use_remote_estimate: 'true', fetch_size: '20000' },
  /** By foreign table. A shape may have megabytes, and a round trip is held in memory as a whole. */
  tableOptions: { spatial_data: { fetch_size: '2000' } } as Record<string, Record<string, string>>,
} as const;
