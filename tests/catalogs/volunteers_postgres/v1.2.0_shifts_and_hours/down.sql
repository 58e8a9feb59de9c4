ALTER TYPE application_status RENAME VALUE 'rejected' TO 'declined';
DROP MATERIALIZED VIEW hours_by_month;
DROP TABLE hours;
DROP TABLE shifts;
DROP EXTENSION btree_gist;
