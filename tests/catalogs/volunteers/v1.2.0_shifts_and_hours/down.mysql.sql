ALTER TABLE projects DROP COLUMN minutes_planned, DROP KEY projects_starts_on_idx;
DROP TABLE shifts;
