-- Refused, as the row is there; the history says so, and goes on.
INSERT INTO kept VALUES (1, 1);
