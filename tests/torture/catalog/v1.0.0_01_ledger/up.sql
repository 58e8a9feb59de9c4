-- Numbers that show how often a statement ran: nothing here may be done twice or left out.
CREATE TABLE ledger (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE copies (id INTEGER NOT NULL, n INTEGER NOT NULL);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    ledger_id INTEGER NOT NULL,
    CONSTRAINT entries_ledger_fk FOREIGN KEY (ledger_id) REFERENCES ledger (id)
);
INSERT INTO ledger VALUES (1, 1), (2, 20), (3, 300), (4, 4000), (5, 50000);
INSERT INTO entries VALUES (1, 1), (2, 1), (3, 2), (4, 5);
-- What an application writes all the while.
CREATE TABLE posts (id INTEGER PRIMARY KEY, body VARCHAR(60) NOT NULL);
-- Which run did what, in order; nobody removes anything here.
CREATE TABLE effects (seq INTEGER PRIMARY KEY, step VARCHAR(20) NOT NULL, epoch BIGINT NOT NULL);
