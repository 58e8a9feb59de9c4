DROP VIEW skilled_volunteers;
DROP TABLE volunteer_skills;
DROP TABLE skills;
