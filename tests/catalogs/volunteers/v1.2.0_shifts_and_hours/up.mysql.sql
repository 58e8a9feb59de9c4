CREATE TABLE shifts (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    project_id CHAR(36) NOT NULL,
    volunteer_id CHAR(36),
    begins DATETIME NOT NULL,
    minutes INT NOT NULL,
    ends DATETIME AS (begins + INTERVAL minutes MINUTE) STORED,
    KEY shifts_begins_idx (begins),
    CONSTRAINT shifts_project FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT shifts_volunteer FOREIGN KEY (volunteer_id) REFERENCES volunteers (id) ON DELETE SET NULL
);
ALTER TABLE projects ADD COLUMN minutes_planned INT NOT NULL DEFAULT 0, ADD KEY projects_starts_on_idx (starts_on);
