//! Rows counted, and rows that point nowhere.

use super::*;

/// Goal: every table is counted, partitions with their parent, and none of ours.
#[tokio::test]
async fn every_table_is_counted() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    let statements = [
        "CREATE TABLE \"Odd 'name\" (id INT)",
        "INSERT INTO \"Odd 'name\" SELECT generate_series(1, 3)",
        "CREATE TABLE p (id INT) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
        "INSERT INTO p VALUES (1), (2)",
        "CREATE SCHEMA s",
        "CREATE TABLE s.t (id INT)",
        "CREATE TABLE windlass_lock (id INT)",
    ];
    migrate(&mut session, &statements).await.expect("it works");
    let counts: Vec<_> = session.count_rows().await.expect("it works").into_iter().collect();
    let expected = [("Odd 'name", 3), ("p", 2), ("p1", 2), ("s.t", 0)].map(|(name, rows)| (name.to_owned(), rows));
    assert_eq!(counts, expected);
}

/// Goal: rows that a key does not vouch for are found, at most so many keys.
#[tokio::test]
async fn rows_that_point_nowhere_are_told() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    let statements = [
        "CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))",
        "INSERT INTO p VALUES (1, 1)",
        "CREATE TABLE c (x INT, y INT)",
        "INSERT INTO c VALUES (1, 1), (1, 2), (2, 1), (NULL, 5)",
        "CREATE TABLE d (x INT, y INT, CONSTRAINT late FOREIGN KEY (x, y) REFERENCES p)",
        "CREATE TABLE e (x INT, y INT, CONSTRAINT good FOREIGN KEY (x, y) REFERENCES p)",
    ];
    migrate(&mut session, &statements).await.expect("it works");
    migrate(&mut session, &["ALTER TABLE c ADD CONSTRAINT early FOREIGN KEY (x, y) REFERENCES p NOT VALID"])
        .await
        .expect("it works");
    migrate(&mut session, &["ALTER TABLE d DISABLE TRIGGER ALL", "INSERT INTO d VALUES (9, 9)"])
        .await
        .expect("it works");

    let found = session.broken_references(10).await.expect("it works");
    assert_eq!(found, ["2 rows of c point to no row of p (early)", "1 rows of d point to no row of p (late)"]);
    assert_eq!(session.broken_references(1).await.expect("it works").len(), 1);
}
