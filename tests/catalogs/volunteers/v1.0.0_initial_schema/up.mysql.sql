-- Who helps, where help is wanted, and who signed up for what.
CREATE TABLE volunteers (
    id CHAR(36) NOT NULL PRIMARY KEY DEFAULT (uuid()),
    email VARCHAR(254) NOT NULL,
    name VARCHAR(200) NOT NULL,
    availability JSON NOT NULL DEFAULT ('{"days": [], "remote": false}'),
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    UNIQUE KEY volunteers_email_key (email)
) COMMENT = 'It''s who helps; "really"';

CREATE TABLE projects (
    id CHAR(36) NOT NULL PRIMARY KEY DEFAULT (uuid()),
    title VARCHAR(200) NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE,
    needed SMALLINT NOT NULL DEFAULT 1,
    CONSTRAINT projects_end_after_start CHECK (ends_on IS NULL OR ends_on >= starts_on)
);

CREATE TABLE applications (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    volunteer_id CHAR(36) NOT NULL,
    project_id CHAR(36) NOT NULL,
    status ENUM('pending', 'accepted', 'declined', 'withdrawn') NOT NULL DEFAULT 'pending',
    UNIQUE KEY applications_once (volunteer_id, project_id),
    CONSTRAINT applications_volunteer FOREIGN KEY (volunteer_id) REFERENCES volunteers (id) ON DELETE CASCADE,
    CONSTRAINT applications_project FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
);
