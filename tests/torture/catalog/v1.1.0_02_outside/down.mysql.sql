UPDATE copies SET n = n DIV 3;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    ledger_id INTEGER NOT NULL,
    CONSTRAINT entries_ledger_fk FOREIGN KEY (ledger_id) REFERENCES ledger (id)
);
INSERT INTO entries VALUES (1, 1), (2, 1), (3, 2), (4, 5);
DROP TABLE extras;
DROP INDEX copies_n ON copies;
UPDATE copies SET n = n - 1;
ALTER TABLE copies DROP COLUMN kind;
ALTER TABLE posts DROP COLUMN stars;
INSERT INTO effects SELECT COALESCE((SELECT MAX(seq) FROM effects), 0) + 1, 'outside back', epoch FROM windlass_lock WHERE id = 1;
