CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE shifts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    volunteer_id uuid REFERENCES volunteers (id) ON DELETE SET NULL,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    -- nobody is in two places at once
    EXCLUDE USING gist (volunteer_id WITH =, during WITH &&)
);

CREATE TABLE hours (
    worked_on date NOT NULL,
    volunteer_id uuid NOT NULL,
    minutes integer NOT NULL CHECK (minutes > 0)
) PARTITION BY RANGE (worked_on);
CREATE TABLE hours_before_2026 PARTITION OF hours FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE hours_since_2026 PARTITION OF hours FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
CREATE INDEX hours_volunteer_idx ON hours (volunteer_id, worked_on DESC);

DO $do$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'hours'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 90)', part);
    END LOOP;
END
$do$;

CREATE MATERIALIZED VIEW hours_by_month AS
    SELECT volunteer_id, date_trunc('month', worked_on)::date AS month, sum(minutes) AS minutes
    FROM hours GROUP BY 1, 2
    WITH NO DATA;

ALTER TYPE application_status RENAME VALUE 'declined' TO 'rejected';
