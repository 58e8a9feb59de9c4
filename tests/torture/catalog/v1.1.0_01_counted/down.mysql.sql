UPDATE ledger SET n = n DIV 3;
DROP INDEX ledger_n ON ledger;
DELETE FROM copies;
ALTER TABLE ledger DROP COLUMN note;
UPDATE ledger SET n = n - 1;
INSERT INTO effects SELECT COALESCE((SELECT MAX(seq) FROM effects), 0) + 1, 'counted back', epoch FROM windlass_lock WHERE id = 1;
