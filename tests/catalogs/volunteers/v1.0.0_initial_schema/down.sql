DROP TABLE applications;
DROP TABLE projects;
DROP TABLE volunteers;
