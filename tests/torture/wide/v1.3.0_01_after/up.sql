UPDATE kept SET n = n + 1;
ALTER TABLE posts ADD COLUMN stars INTEGER NOT NULL DEFAULT 0;
INSERT INTO effects SELECT COALESCE((SELECT MAX(seq) FROM effects), 0) + 1, 'after', epoch FROM windlass_lock WHERE id = 1;
