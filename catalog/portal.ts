/** Where the data comes from: the foreign server and the remote schemas that are imported into one local schema. */
export const portal = {
  server: 'portal_srv',
  localSchema: 'portal_fdw',
  remoteSchemas: ['wdpa', 'reference', 'pame'],
  /** use_remote_estimate: the planner knows nothing of foreign tables otherwise. fetch_size: rows a round trip. */
  serverOptions: { use_remote_estimate: 'true', fetch_size: '2000' },
} as const;
