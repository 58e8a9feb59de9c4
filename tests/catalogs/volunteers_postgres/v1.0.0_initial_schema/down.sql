DROP TABLE applications;
DROP TABLE projects;
DROP TABLE volunteers;
DROP FUNCTION touch_updated_at();
DROP DOMAIN email_address;
DROP TYPE application_status;
