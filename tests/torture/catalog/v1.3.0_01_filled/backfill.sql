-- windlass:backfill table=filled key=id batch=3
UPDATE filled SET n = n * 3 + 1 WHERE id > :after AND id <= :upto;
