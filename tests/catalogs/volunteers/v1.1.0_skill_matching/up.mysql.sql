CREATE TABLE skills (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    slug VARCHAR(50) NOT NULL UNIQUE,
    label VARCHAR(100) NOT NULL
);
INSERT INTO skills (slug, label) VALUES
    ('first-aid', 'First aid'),
    ('driving', 'Driving; vans, too'),
    ('translating', 'Translating – любой язык \'and\' more');

CREATE TABLE volunteer_skills (
    volunteer_id CHAR(36) NOT NULL,
    skill_id INT NOT NULL,
    level TINYINT NOT NULL DEFAULT 1 CHECK (level BETWEEN 1 AND 5),
    PRIMARY KEY (volunteer_id, skill_id),
    CONSTRAINT volunteer_skills_volunteer FOREIGN KEY (volunteer_id) REFERENCES volunteers (id) ON DELETE CASCADE,
    CONSTRAINT volunteer_skills_skill FOREIGN KEY (skill_id) REFERENCES skills (id)
);

DELIMITER //
CREATE FUNCTION skill_total(volunteer CHAR(36)) RETURNS INT
READS SQL DATA
BEGIN
    DECLARE total INT DEFAULT 0;
    SELECT coalesce(sum(level), 0) INTO total FROM volunteer_skills WHERE volunteer_id = volunteer;
    RETURN total; -- with a semicolon; and more
END//

CREATE TRIGGER volunteer_skills_level BEFORE INSERT ON volunteer_skills FOR EACH ROW
BEGIN
    IF NEW.level > 5 THEN
        SET NEW.level = 5;
    END IF;
END//
DELIMITER ;

CREATE VIEW skilled_volunteers AS
    SELECT id, name, skill_total(id) AS skill FROM volunteers WHERE skill_total(id) > 0;
