import type { Client } from '@temporalio/client';
import type pg from 'pg';
import type { OwnDatabase, Shell } from '../ward.ts';

/** An installation that is set up in the course of the rounds. */
export interface Ward {
  /**
   * Its settings name the database below, with a superuser's address in PP_DBA_URL; a portal's reader in PORTAL_URL, and its
   * owner in PP_PORTAL_DATABASE_URL; and a namespace of Temporal.
   */
  shell: Shell;
  own: OwnDatabase;
  /** Client of that namespace. */
  temporal: Client;
  /** Statements on the live database as the release's role, as a superuser, and on the portal as its owner. */
  asRole(sql: string): Promise<void>;
  asDba(sql: string): Promise<void>;
  onPortal(sql: string): Promise<void>;
  /** Another session on the live database, until the ward is closed. */
  session(): Promise<pg.Client>;
}
