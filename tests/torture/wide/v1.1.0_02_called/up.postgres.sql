CALL grow();
INSERT INTO audit SELECT id, n FROM kept;
INSERT INTO effects SELECT COALESCE((SELECT MAX(seq) FROM effects), 0) + 1, 'called', epoch FROM windlass_lock WHERE id = 1;
