-- Up Migration
-- A publication FOR ALL TABLES refuses to delete from a table without a key, whose rows it cannot name.
alter table pp_release.unusable_values replica identity full;
alter table pp_release.rejects replica identity full;
