DROP VIEW open_matches;
DROP FUNCTION match_score(uuid, uuid);
ALTER TABLE volunteers DROP COLUMN search;
DROP TABLE project_skills;
DROP TABLE volunteer_skills;
DROP TABLE skills;
