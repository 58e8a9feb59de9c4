UPDATE ledger SET n = n + 1;
INSERT INTO copies SELECT id, n FROM ledger;
ALTER TABLE ledger ADD COLUMN note VARCHAR(40);
UPDATE ledger SET n = n * 3;
CREATE INDEX ledger_n ON ledger (n);
INSERT INTO copies SELECT id, n FROM ledger;
INSERT INTO effects SELECT COALESCE((SELECT MAX(seq) FROM effects), 0) + 1, 'counted', epoch FROM windlass_lock WHERE id = 1;
