-- Who helps, where help is wanted, and who signed up for what.

CREATE TYPE application_status AS ENUM ('pending', 'accepted', 'declined', 'withdrawn');
CREATE DOMAIN email_address AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');

CREATE TABLE volunteers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email email_address NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    availability jsonb NOT NULL DEFAULT '{"days": [], "remote": false}'::jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX volunteers_email_key ON volunteers (lower(email));
CREATE INDEX volunteers_availability_idx ON volunteers USING gin (availability jsonb_path_ops);

CREATE TABLE projects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    title text NOT NULL,
    description text NOT NULL DEFAULT $text$It's not described; "yet".$text$,
    starts_on date NOT NULL,
    ends_on date,
    needed smallint NOT NULL DEFAULT 1 CHECK (needed > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT projects_end_after_start CHECK (ends_on IS NULL OR ends_on >= starts_on)
);

CREATE TABLE applications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    volunteer_id uuid NOT NULL REFERENCES volunteers (id) ON DELETE CASCADE,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    status application_status NOT NULL DEFAULT 'pending',
    applied_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (volunteer_id, project_id)
);
CREATE INDEX applications_open_idx ON applications (project_id) WHERE status = 'pending';

/* One function serves every table that
   /* as here, twice */ keeps the time of its last change. */
CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at := now(); -- even where nothing else changed; that is wanted
    RETURN NEW;
END;
$function$;

CREATE TRIGGER volunteers_touch BEFORE UPDATE ON volunteers FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER projects_touch BEFORE UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

COMMENT ON TABLE applications IS 'Who signed up; one row for a volunteer and a project';
