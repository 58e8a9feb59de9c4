//! Tables with their columns, indexes and constraints: four questions.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection, Row, postgres::PgRow};

use crate::model::schema::{Column, ForeignKey, Table};

/// The tables that are looked at: not the system's, not ours, not an extension's, and with names (`$1`, in lower case)
/// those that bear one. In the default schema a table goes by its name alone.
pub(in crate::engine::postgres) const PICKED: &str = r"
WITH picked AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relname::text AS bare, n.nspname,
           CASE WHEN n.nspname IS NOT DISTINCT FROM current_schema() THEN c.relname::text
                ELSE n.nspname || '.' || c.relname END AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f')
      AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
      AND NOT (n.nspname IS NOT DISTINCT FROM current_schema()
               AND (c.relname IN ('schema_version', 'migration_history') OR c.relname LIKE 'windlass\_%'))
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid
                      AND e.deptype = 'e')
      AND ($1::text[] IS NULL OR lower(c.relname) = ANY ($1))
)";

/// `reltuples` is -1 for a table that was never analysed; one of which not a byte is there is empty all the same.
const TABLES: &str = "
SELECT p.name, greatest(c.reltuples, 0)::bigint AS rows, coalesce(c.relkind <> 'f' AND heap.bytes = 0, false) AS is_empty,
       coalesce(pg_total_relation_size(c.oid), 0) AS bytes,
       concat_ws('; ',
           'partitioned by ' || pg_get_partkeydef(c.oid),
           'partition ' || pg_get_expr(c.relpartbound, c.oid),
           'inherits ' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
                           FROM pg_inherits i WHERE i.inhrelid = c.oid),
           'of type ' || nullif(c.reloftype, 0)::regtype::text,
           (SELECT 'foreign, server ' || s.srvname || coalesce(' options ' || f.ftoptions::text, '')
            FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
           CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
           'access method ' || (SELECT m.amname FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
           (SELECT 'with ' || array_agg(o)::text FROM unnest(c.reloptions) o WHERE NOT starts_with(o, 'pg_')),
           'toast with ' || (SELECT t.reloptions::text FROM pg_class t WHERE t.oid = c.reltoastrelid),
           'tablespace ' || (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
           CASE WHEN c.relrowsecurity THEN 'row security' END,
           CASE WHEN c.relforcerowsecurity THEN 'row security forced' END,
           CASE c.relreplident WHEN 'f' THEN 'replica identity full' WHEN 'n' THEN 'replica identity nothing' END,
           'comment ' || quote_literal(obj_description(c.oid, 'pg_class'))) AS options
FROM picked p JOIN pg_class c ON c.oid = p.oid,
     LATERAL (SELECT CASE c.relkind
                  WHEN 'p' THEN (SELECT coalesce(sum(pg_relation_size(t.relid)), 0)
                                 FROM pg_partition_tree(c.oid) t WHERE t.isleaf)
                  ELSE pg_relation_size(c.oid) END AS bytes) heap";

/// `/*compression*/` gives way to what the server has. Options named `pg_…` are the server's own: PostgreSQL 15.20 keeps a
/// `pg_attver` there that is another one for each column that was ever made (seen in its catalog; it is not documented).
const COLUMNS: &str = "
SELECT p.name, a.attname::text AS col, format_type(a.atttypid, a.atttypmod) AS kind, NOT a.attnotnull AS nullable,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS fallback,
       concat_ws('; ',
           CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
           (SELECT format('start %s increment %s from %s to %s cache %s%s', s.seqstart, s.seqincrement, s.seqmin,
                          s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' END)
            FROM pg_depend e JOIN pg_sequence s ON s.seqrelid = e.objid
            WHERE a.attidentity <> '' AND e.classid = 'pg_class'::regclass AND e.refclassid = 'pg_class'::regclass
              AND e.refobjid = a.attrelid AND e.refobjsubid = a.attnum AND e.deptype = 'i'),
           CASE WHEN a.attgenerated <> '' THEN 'generated ' || a.attgenerated::text || ' as ' || pg_get_expr(d.adbin, d.adrelid)
           END,
           CASE WHEN a.attcollation <> t.typcollation
                THEN 'collate ' || (SELECT l.collname::text FROM pg_collation l WHERE l.oid = a.attcollation) END,
           CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
           /*compression*/
           'statistics ' || nullif(a.attstattarget, -1),
           (SELECT 'with ' || array_agg(o)::text FROM unnest(a.attoptions) o WHERE NOT starts_with(o, 'pg_')),
           'options ' || a.attfdwoptions::text,
           CASE WHEN a.attinhcount > 0 THEN 'inherited' END,
           'comment ' || quote_literal(col_description(a.attrelid, a.attnum))) AS extra
FROM picked p JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
ORDER BY p.name, a.attnum";

const COMPRESSION: &str = "'compression ' || nullif(a.attcompression::text, ''),";

const INDEXES: &str = "
SELECT p.name, i.relname::text AS key,
       concat_ws('; ', pg_get_indexdef(x.indexrelid),
           (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
            WHERE k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')),
           CASE WHEN NOT x.indisvalid THEN 'invalid' END, CASE WHEN NOT x.indisready THEN 'not ready' END,
           CASE WHEN x.indisclustered THEN 'clustered' END, CASE WHEN x.indisreplident THEN 'replica identity' END,
           'tablespace ' || (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = i.reltablespace),
           (SELECT 'statistics ' || string_agg(a.attnum || ':' || a.attstattarget, ',' ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget <> -1),
           (SELECT 'comment on constraint ' || quote_literal(obj_description(k.oid, 'pg_constraint')) FROM pg_constraint k
            WHERE k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype = 'p'),
           'comment ' || quote_literal(obj_description(i.oid, 'pg_class'))) AS words
FROM picked p JOIN pg_index x ON x.indrelid = p.oid JOIN pg_class i ON i.oid = x.indexrelid";

const CONSTRAINTS: &str = r"
SELECT p.name, k.conname::text AS key, k.contype = 'f' AS is_foreign,
       concat_ws('; ',
           CASE k.contype
               WHEN 'f' THEN ltrim(regexp_replace(pg_get_constraintdef(k.oid),
                                                  '^FOREIGN KEY \(.*?\) REFERENCES .*?\(.*?\)', ''))
               ELSE pg_get_constraintdef(k.oid) END,
           CASE WHEN NOT k.conislocal THEN 'inherited' END,
           (SELECT 'triggers ' || string_agg(DISTINCT g.tgenabled::text, '') FROM pg_trigger g
            WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O'),
           'comment ' || quote_literal(obj_description(k.oid, 'pg_constraint'))) AS words,
       (SELECT array_agg(a.attname::text ORDER BY u.place)
        FROM unnest(k.conkey) WITH ORDINALITY AS u (num, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS here,
       (SELECT CASE WHEN n.nspname IS NOT DISTINCT FROM current_schema() THEN r.relname::text
                    ELSE n.nspname || '.' || r.relname END
        FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = k.confrelid) AS parent,
       (SELECT array_agg(a.attname::text ORDER BY u.place)
        FROM unnest(k.confkey) WITH ORDINALITY AS u (num, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS there
FROM picked p JOIN pg_constraint k ON k.conrelid = p.oid
WHERE k.contype IN ('c', 'u', 'x', 'f', 'n')";

/// Reads the tables.
pub(super) async fn read(
    connection: &mut PgConnection,
    compression: bool,
    names: Option<&Vec<String>>,
) -> Result<BTreeMap<String, Table>, sqlx::Error> {
    let mut tables = BTreeMap::new();
    for row in ask(connection, TABLES, names).await? {
        let table = Table {
            options: row.try_get("options")?,
            rows_estimate: u64::try_from(row.try_get::<i64, _>("rows")?).unwrap_or_default(),
            is_empty: row.try_get("is_empty")?,
            size_bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or_default(),
            ..Table::default()
        };
        tables.insert(row.try_get("name")?, table);
    }
    let columns = COLUMNS.replace("/*compression*/", if compression { COMPRESSION } else { "" });
    for (question, put) in
        [(columns.as_str(), column as fn(&mut Table, &PgRow) -> _), (INDEXES, index), (CONSTRAINTS, constraint)]
    {
        for row in ask(connection, question, names).await? {
            // A table that was made after the first question is left for the next time.
            if let Some(table) = tables.get_mut(&row.try_get::<String, _>("name")?) {
                put(table, &row)?;
            }
        }
    }
    Ok(tables)
}

async fn ask(
    connection: &mut PgConnection,
    question: &str,
    names: Option<&Vec<String>>,
) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(AssertSqlSafe(format!("{PICKED} {question}"))).bind(names).persistent(false).fetch_all(connection).await
}

fn column(table: &mut Table, row: &PgRow) -> Result<(), sqlx::Error> {
    table.columns.push(Column {
        name: row.try_get("col")?,
        data_type: row.try_get("kind")?,
        nullable: row.try_get("nullable")?,
        default: row.try_get("fallback")?,
        extra: row.try_get("extra")?,
    });
    Ok(())
}

fn index(table: &mut Table, row: &PgRow) -> Result<(), sqlx::Error> {
    table.indexes.insert(row.try_get("key")?, row.try_get("words")?);
    Ok(())
}

fn constraint(table: &mut Table, row: &PgRow) -> Result<(), sqlx::Error> {
    let (key, words) = (row.try_get("key")?, row.try_get("words")?);
    if row.try_get("is_foreign")? {
        let foreign = ForeignKey {
            columns: row.try_get("here")?,
            references: row.try_get::<Option<String>, _>("parent")?.unwrap_or_default(),
            referenced_columns: row.try_get("there")?,
            rules: words,
        };
        table.foreign_keys.insert(key, foreign);
    } else {
        table.constraints.insert(key, words);
    }
    Ok(())
}
