CREATE TABLE skills (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL
);
INSERT INTO skills (slug, label) VALUES
    ('first-aid', 'First aid'),
    ('driving', 'Driving; vans, too'),
    ('translating', 'Translating – любой язык ''and'' more');

CREATE TABLE volunteer_skills (
    volunteer_id TEXT NOT NULL REFERENCES volunteers (id) ON DELETE CASCADE,
    skill_id INTEGER NOT NULL REFERENCES skills (id),
    level INTEGER NOT NULL DEFAULT 1 CHECK (level BETWEEN 1 AND 5),
    PRIMARY KEY (volunteer_id, skill_id)
) WITHOUT ROWID;

CREATE VIEW skilled_volunteers AS
    SELECT v.id, v.name, sum(s.level) AS skill
    FROM volunteers v JOIN volunteer_skills s ON s.volunteer_id = v.id
    GROUP BY v.id;
