ALTER TABLE projects DROP COLUMN minutes_planned;
DROP TABLE shifts;
