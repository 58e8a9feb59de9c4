CREATE TABLE shifts (
    id INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    volunteer_id TEXT REFERENCES volunteers (id) ON DELETE SET NULL,
    begins TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    ends TEXT AS (datetime(begins, minutes || ' minutes')) STORED
) STRICT;
CREATE INDEX shifts_begins_idx ON shifts (begins);
ALTER TABLE projects ADD COLUMN minutes_planned INTEGER NOT NULL DEFAULT 0;
