DROP VIEW skilled_volunteers;
DROP FUNCTION skill_total;
DROP TABLE volunteer_skills;
DROP TABLE skills;
