-- Who helps, where help is wanted, and who signed up for what.
CREATE TABLE volunteers (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
    email TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    availability TEXT NOT NULL DEFAULT '{"days": [], "remote": false}' CHECK (json_valid(availability)),
    updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    ends_on TEXT,
    needed INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT projects_end_after_start CHECK (ends_on IS NULL OR ends_on >= starts_on)
);
CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    volunteer_id TEXT NOT NULL REFERENCES volunteers (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'declined', 'withdrawn')),
    UNIQUE (volunteer_id, project_id)
);
CREATE INDEX applications_open_idx ON applications (project_id) WHERE status = 'pending';
CREATE TRIGGER volunteers_touch AFTER UPDATE ON volunteers
BEGIN
    UPDATE volunteers SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id AND CASE WHEN 1 THEN TRUE END;
END;
